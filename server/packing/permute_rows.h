// SPDX-License-Identifier: Apache-2.0
// Row permutation: a network whose column groups read adjacent channels, so that a layer's
// output can stream into the next layer's array without a crossbar (arXiv:1811.04770, row
// permutation). Solved together with grouping, over the whole network, residual additions,
// channel padding and concatenations included.
//
//   COLONNADE_ASSIGN_OR_RETURN(PermutedNetwork permuted, PermuteRows(std::move(network), alpha));
//   ... permuted.network computes what `network` did; permuted.groupings suit feed rule
//       channel_block, and each group is a run of adjacent channels at one tap ...
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/filter_matrix.h"
#include "server/nn/network.h"
#include "server/packing/packing_problem.h"
#include "server/packing/permute_channels.h"

namespace colonnade::packing {

struct PermutedNetwork {
  nn::Network network;
  std::vector<RowPermutation> permutations;   // of each layer's output, by index
  std::map<std::string, Grouping> groupings;  // of every matrix layer, by name
};

// By layer name, one value per entry of its filter matrix ([rows][columns]): pruning a
// weight w costs w^2 times its value.
using WeightImportance = std::map<std::string, std::vector<float>>;

// Chooses one order for all channels that must share one, so that runs of alpha channels
// lose little in all layers that read them together, and applies it. `alpha`: most columns
// of a group by layer name; layers without an entry stay unpacked and are not asked.
// Layers without `importance` (null: none has any) count w^2.
//
// No weight changes its value; conflicts are still there. The network's input and output
// keep their order, and with them the first layer's columns and the last layer's rows.
// Deterministic. INTERNAL when the orders found do not fit the network: a bug.
// REQUIRES: shapes are inferred; importance as long as the matrices.
absl::StatusOr<PermutedNetwork> PermuteRows(nn::Network network, const std::map<std::string, int>& alpha,
                                            const WeightImportance* importance = nullptr);

// The columns of a permuted layer in groups of runs of at most alpha adjacent channels,
// the same runs at every tap; columns of zeros are in no group. Runs are cut at multiples
// of alpha, or from the first channel with weights on where that takes fewer of them.
// PackingProblem::Verify() accepts it under channel_block (with gamma alpha - 1).
// REQUIRES: alpha >= 1.
Grouping GroupAdjacentChannels(const nn::FilterMatrix& matrix, int alpha);

}  // namespace colonnade::packing
