// SPDX-License-Identifier: Apache-2.0
// What a recipe asks for, layer by layer and round by round.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"
#include "server/nn/network.h"
#include "server/training/trainer.h"

namespace colonnade::pipeline {

// One matrix layer.
struct LayerPlan {
  int layer = 0;          // index in the network
  std::string name;
  int64_t columns = 0;    // of the filter matrix, with a nonzero weight
  int alpha = 1;          // of the last round
  bool excluded = false;  // every column stays as it is, alone in its group
};

// One round: prune, group and combine, then train.
struct Round {
  int number = 1;             // from 1
  bool is_last = false;
  double prune_fraction = 0;  // by magnitude: of a layer's nonzero weights, or as `cumulative` says
  double growth = 1;          // of alpha: this round uses alpha^growth (AlphaOf)
  double gamma = 0;           // final_gamma, or alpha - 1, in the last round
  int epochs = 0;
  // prune_fraction is of all of a layer's weights, times 1 - 1 / alpha, and counts those
  // that are zero already.
  bool cumulative = false;
};

// Most columns of a group of this layer in this round: at least 2 unless its alpha is 1.
int AlphaOf(const LayerPlan& plan, const Round& round);

// Whether `text` fits `pattern`, in which * stands for any run of characters.
bool Matches(std::string_view pattern, std::string_view text);

// All matrix layers, in network order, with the first override whose pattern fits.
// INVALID_ARGUMENT for an override that fits no layer: it would have no effect.
absl::StatusOr<std::vector<LayerPlan>> PlanLayers(const nn::Network& network, const v1::PackingSettings& settings);

// REQUIRES: the recipe is resolved. With gradual_alpha, alpha grows geometrically to
// its final value over the rounds. gamma and prune_schedule as in packing.proto; a last
// gamma that lets groups of alpha end full does so for layers whose alpha is larger, too.
std::vector<Round> PlanRounds(const v1::Recipe& recipe);

// Epochs of all rounds.
int TotalEpochs(const std::vector<Round>& rounds);

// `channels`: of the images; mirroring is for photographs, which have three.
training::TrainerOptions TrainerOptionsOf(const v1::TrainingSettings& settings, int channels);

}  // namespace colonnade::pipeline
