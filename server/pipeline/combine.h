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
#include "server/training/cells.h"
#include "server/training/importance.h"

namespace colonnade::pipeline {

// Of one matrix layer, after combining.
struct LayerPacking {
  LayerPlan plan;
  int rows = 0;
  int64_t columns_after = 0;   // groups
  // Groups if all were full: what its columns need at this alpha. Adjacent channels, and
  // the sections of the published grouping, need as many as there are.
  int64_t full_groups = 0;
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

// How the layers of a round are combined.
struct CombineRules {
  nn::FeedRule feed_rule = nn::FeedRule::kSameTap;
  v1::PackingSettings::Grouping grouping = v1::PackingSettings::DENSE_FIRST;
  const training::Importance* importance = nullptr;  // what a weight costs; null: its square
  uint64_t seed = 1;                                 // of a search
  // The network before any round, with the same layers: what cells are filled from that earlier
  // rounds emptied, where every group is full. Null: they stay empty.
  const nn::Network* original = nullptr;
  bool adjacent = false;  // groups are runs of adjacent channels (rows are permuted)
  bool fades = false;     // all weights stay: they compete while training, which prunes them
};

// Changes the weights in place. In each layer:
//   prune    the round's share of the weights, those of least magnitude, but never below
//            the cells that full groups have: fewer would only leave cells empty
//   group    with the layer's alpha in this round and the round's gamma
//   combine  per row and group only the weight that costs most stays; a cell without any gets
//            one back, if groups are filled
// A search, and groups of adjacent channels, fill every group: then nothing is pruned
// before, and gamma has no effect. With `fades` it only groups. An excluded layer keeps its
// weights. REQUIRES: plans are of this network.
absl::StatusOr<Combined> CombineColumns(const std::vector<LayerPlan>& plans, const Round& round,
                                        const CombineRules& rules, nn::Network& network);

// The cells that weights compete for, of all layers but excluded ones.
std::vector<training::Cells> CellsOf(const Combined& combined, const training::Importance* importance,
                                     const nn::Network& network);

// What each weight of the layer named `layer` is worth: w^2 times its importance.
std::vector<float> SaliencyOf(const nn::FilterMatrix& matrix, const training::Importance* importance,
                              const std::string& layer);

// Counts the nonzero weights again, after training. REQUIRES: the network has the layers.
void Recount(const nn::Network& network, Combined& combined);

// Whether a network still obeys its groupings: every nonzero column in one group, no
// conflicts, alpha and feed rule; and, with `full`, no more groups than full ones need.
// INTERNAL names the layer: training or folding broke it.
absl::Status CheckCombined(const Combined& combined, nn::FeedRule feed_rule, bool full, const nn::Network& network);

}  // namespace colonnade::pipeline
