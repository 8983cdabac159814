// SPDX-License-Identifier: Apache-2.0
// Row permutations of a whole network: the order of every tensor's channels changes,
// the function does not. A layer's filters move with its output's channels, and the
// columns of whoever reads them follow.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::packing {

// A new order of n channels (the rows of the filter matrix that makes them): new
// channel i is what was channel source[i].
struct RowPermutation {
  std::vector<int> source;  // [n]

  // INVALID_ARGUMENT, naming the first place, unless it is a bijection of 0 .. n-1.
  absl::Status Check() const;

  bool is_identity() const;

  friend bool operator==(const RowPermutation&, const RowPermutation&) = default;
};

// `network` with the channels of each layer's output reordered: permutations[l] is that
// of layers[l]. Weights, biases, BatchNorms and the offsets of Shifts move along, and a
// PadChannels may get other numbers of channels before and after. Float results stay the
// same up to the order of sums; integer ones, at the same scales, are identical.
//
// INVALID_ARGUMENT, naming the layer, when a permutation is none or does not fit the
// others: Add, pools and all else that works channel by channel need one order on all
// sides, a grouped convolution keeps its blocks, Concat its operands in place, Flatten
// each channel's pixels in a run, and PadChannels the channels it embeds in a run and in
// their order. The orders of the network's input and of its output are fixed.
// REQUIRES: shapes are inferred.
absl::StatusOr<nn::Network> ApplyPermutations(nn::Network network, std::span<const RowPermutation> permutations);

}  // namespace colonnade::packing
