// SPDX-License-Identifier: Apache-2.0
// Every setting's range and default: the comments of packing.proto as a table. Names
// are those of the fields.
#pragma once

#include <string_view>
#include <vector>

#include "colonnade/v1/packing.pb.h"
#include "server/recipe/range.h"

namespace colonnade::recipe {

inline constexpr int kMaxOverrides = 1000;  // of layers
inline constexpr int kMaxPattern = 256;     // characters
inline constexpr int kDefaultAlpha = 8;     // or the array's, if that is less

inline constexpr Range kAnything{-kUnlimited, kUnlimited};
inline constexpr Range kAtLeastOne{1, kUnlimited};
inline constexpr Range kPositive{0, kUnlimited, Range::kOpenLow};

struct Number {
  std::string_view name;
  Range range;
  double otherwise = 0;  // the default
};

struct Choice {
  std::string_view name;
  int otherwise = 0;  // the default's number; every other one but 0 is allowed too
};

// `alpha` is the recipe's, `most` the array's.
inline std::vector<Number> PackingNumbers(int alpha, int most) {
  return {{"alpha", {1, double(most)}, double(alpha)},
          {"gamma", {0, 15}, 1.75},
          {"final_gamma", {0, 15}, double(alpha - 1)}};
}

inline constexpr Number kTraining[] = {{"rounds", {1, 100}, 1},
                                       {"epochs_per_round", {0, 10000}, 3},
                                       {"final_epochs", {0, 10000}, 120},
                                       {"batch_size", {1, 4096}, 64},
                                       {"learning_rate", {0, 10, Range::kOpenLow}, 0.01},
                                       {"momentum", {0, 1, Range::kOpenHigh}, 0.9},
                                       {"weight_decay", {0, 1}, 1e-4},
                                       {"prune_fraction", {0, 1, Range::kOpenHigh}, 0.2},
                                       {"temperature", {0, 100, Range::kOpenLow}, 4},
                                       {"distillation_weight", {0, 1}, 0.9},
                                       {"seed", kAnything, 1},
                                       {"threads", {0, 256}, 0},
                                       {"fade", {0, 1}, 0},
                                       {"mix", {0, 1}, 1},
                                       {"feature_weight", {0, 1000}, 10},
                                       {"synthetic_images", {2, 1000000}, 2000}};

inline constexpr Number kQuantization[] = {{"percentile", {50, 100, Range::kOpenLow}, 99.99},
                                           {"images", {1, 65536}, 256},
                                           {"aware_epochs", {0, 1000}, 0}};

// Of fields without a default: checked when they are there.
inline constexpr Number kAllocation[] = {{"max_tiles", kAtLeastOne},
                                         {"max_cycles", kAtLeastOne},
                                         {"max_columns", kAtLeastOne},
                                         {"max_accuracy_drop", {0, 1}}};
inline constexpr Number kPrivacy[] = {{"epsilon", kPositive},
                                      {"delta", {0, 1, Range::kOpenBoth}},
                                      {"clip_norm", kPositive}};

inline constexpr Choice kPackingChoices[] = {{"grouping", v1::PackingSettings::SEARCH},
                                             {"saliency", v1::PackingSettings::MAGNITUDE}};
inline constexpr Choice kTrainingChoices[] = {{"mode", v1::TrainingSettings::LABELS_AND_TEACHER},
                                              {"augmentation", v1::TrainingSettings::AUTO},
                                              {"prune_schedule", v1::TrainingSettings::SHRINKING}};
inline constexpr Choice kQuantizationChoices[] = {{"calibration", v1::QuantizationSettings::MEAN_SQUARED_ERROR},
                                                  {"input_type", v1::QuantizationSettings::FP32}};

}  // namespace colonnade::recipe
