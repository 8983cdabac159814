// SPDX-License-Identifier: Apache-2.0
// Column combining of a whole network: one round's pruning, grouping and combining.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/compiler/compile.h"
#include "server/nn/feed_rule.h"
#include "server/nn/network.h"
#include "server/pipeline/schedule.h"

namespace colonnade::pipeline {

// Of one matrix layer, after combining.
struct LayerPacking {
  LayerPlan plan;
  int rows = 0;
  int64_t columns_after = 0;   // groups
  int64_t full_groups = 0;     // groups if all were full: what its columns need at this alpha
  int64_t nonzeros = 0;
  int64_t weights = 0;         // rows * columns
};

struct Combined {
  compiler::Groupings groupings;  // by layer name, of every matrix layer
  std::vector<LayerPacking> layers;

  int64_t columns_before() const;  // of the dense network
  int64_t columns_after() const;
  double density() const;         // nonzeros / weights
};

// Changes the weights in place. In each layer:
//   prune    the round's share of the nonzero weights of least magnitude, but never
//            below the cells that full groups have: fewer would only leave cells empty
//   group    dense column first, with the round's alpha (at most the layer's) and gamma
//   combine  per row and group only the weight of largest magnitude stays
// An excluded layer keeps its weights. REQUIRES: plans are of this network.
absl::StatusOr<Combined> CombineColumns(const std::vector<LayerPlan>& plans, const Round& round,
                                        nn::FeedRule feed_rule, nn::Network& network);

// Whether a network still obeys its groupings: every nonzero column in one group, no
// conflicts, alpha and feed rule; and, with `full`, no more groups than full ones need.
// INTERNAL names the layer: training or folding broke it.
absl::Status CheckCombined(const Combined& combined, nn::FeedRule feed_rule, bool full, const nn::Network& network);

}  // namespace colonnade::pipeline
