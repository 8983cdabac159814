// SPDX-License-Identifier: Apache-2.0
// From logits to answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "client/cli/json.h"
#include "colonnade/client.h"

namespace colonnade::cli {

struct Answer {
  int64_t index = 0;  // of the image in its file, from 0
  int best = 0;       // class with the largest logit; the first of several
  double score = 0;   // 0 to 1, see Score
  std::optional<uint32_t> label;
  std::vector<float> logits;
};

// What all images came to.
struct Answers {
  std::string artifact = {}, executor = {};
  int64_t version = 0;
  int64_t array_cycles = 0;
  std::vector<Answer> images = {};
  std::vector<std::string> class_names = {};  // by class; empty when unknown
};

// Softmax of the logits, at `best`. Where they are probabilities already (each 0 to 1,
// together 1 within 1e-3: a network that ends in a softmax) it is the value itself.
double Score(std::span<const float> logits, int best);

// REQUIRES: logits is not empty.
Answer Classify(int64_t index, uint32_t label, std::span<const float> logits);

// Share of the labelled images whose best class is the label; absent without labels.
std::optional<double> Accuracy(const Answers& answers);

// {name, version, executor, array_cycles, accuracy, images: [{index, class, score,
// label, logits}]}. Without labels there is no accuracy, and label is null.
Json ToJson(const Answers& answers);

}  // namespace colonnade::cli
