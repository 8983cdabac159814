// SPDX-License-Identifier: Apache-2.0
#include "client/cli/classify.h"

#include <algorithm>
#include <cmath>

namespace colonnade::cli {
namespace {

bool AreProbabilities(std::span<const float> logits) {
  double sum = 0;
  for (const float value : logits) {
    if (!(value >= 0 && value <= 1)) return false;
    sum += value;
  }
  return std::abs(sum - 1) < 1e-3;
}

Json ToJson(const Answer& answer) {
  return {{"index", answer.index},
          {"class", answer.best},
          {"score", answer.score},
          {"label", answer.label ? Json(*answer.label) : Json(nullptr)},
          {"logits", answer.logits}};
}

}  // namespace

double Score(std::span<const float> logits, int best) {
  if (AreProbabilities(logits)) return logits[size_t(best)];
  double sum = 0;
  for (const float value : logits) sum += std::exp(double(value) - logits[size_t(best)]);
  return 1 / sum;
}

Answer Classify(int64_t index, uint32_t label, std::span<const float> logits) {
  const int best = int(std::max_element(logits.begin(), logits.end()) - logits.begin());
  Answer answer{index, best, Score(logits, best), std::nullopt, {logits.begin(), logits.end()}};
  if (label != client::kNoLabel) answer.label = label;
  return answer;
}

std::optional<double> Accuracy(const Answers& answers) {
  int64_t labelled = 0, right = 0;
  for (const Answer& answer : answers.images) {
    if (!answer.label) continue;
    ++labelled;
    right += int64_t(*answer.label) == answer.best;
  }
  if (labelled == 0) return std::nullopt;
  return double(right) / double(labelled);
}

Json ToJson(const Answers& answers) {
  Json json = {{"name", answers.artifact},
               {"version", answers.version},
               {"executor", answers.executor},
               {"array_cycles", answers.array_cycles}};
  if (const auto accuracy = Accuracy(answers)) json["accuracy"] = *accuracy;
  json["images"] = Json::array();
  for (const Answer& answer : answers.images) json["images"].push_back(ToJson(answer));
  return json;
}

}  // namespace colonnade::cli
