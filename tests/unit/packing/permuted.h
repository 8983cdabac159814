// SPDX-License-Identifier: Apache-2.0
// What tests of row permutation compare.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/packing/permute_rows.h"
#include "tests/support/random_network.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::packing {

inline nn::FilterMatrix MatrixOf(const nn::Network& network, const nn::Layer& layer) {
  return nn::ToFilterMatrix(network, layer);
}

inline std::map<std::string, int> SameAlpha(const nn::Network& network, int alpha) {
  std::map<std::string, int> by_name;
  for (const nn::Layer& layer : network.layers) {
    if (layer.is_matrix()) by_name[layer.name] = alpha;
  }
  return by_name;
}

struct Kept {
  double kept = 0, all = 0;  // squares that stay after pruning conflicts, of all squares
};

inline Kept KeptSquares(const nn::FilterMatrix& matrix, const Grouping& grouping) {
  Kept sum;
  for (const float value : matrix.values) sum.all += double(value) * value;
  for (const std::vector<int>& group : grouping.groups) {
    for (int row = 0; row < matrix.rows; ++row) {
      double largest = 0;
      for (const int column : group)
        largest = std::max(largest, double(matrix.at(row, column)) * matrix.at(row, column));
      sum.kept += largest;
    }
  }
  return sum;
}

// Percent of all squared weights of the network.
inline double KeptShare(const PermutedNetwork& network) {
  Kept sum;
  for (const nn::Layer& layer : network.network.layers) {
    if (!layer.is_matrix()) continue;
    const Kept of_layer = KeptSquares(MatrixOf(network.network, layer), network.groupings.at(layer.name));
    sum.kept += of_layer.kept;
    sum.all += of_layer.all;
  }
  return 100 * sum.kept / sum.all;
}

// Both networks quantized with the scales that suit `network`, on the same images.
inline void ExpectIdenticalLogits(const nn::Network& network, const nn::Network& permuted, uint64_t seed) {
  std::vector<quant::Image> images;
  for (uint64_t i = 0; i < 3; ++i) images.push_back(RandomImage(network.input_shape(), seed * 10 + i));
  const quant::RangeObserver ranges = quant::Calibrate(network, std::span(images).first(1));
  const auto expected = quant::Quantize(network, ranges), found = quant::Quantize(permuted, ranges);
  ASSERT_TRUE(expected.ok()) << expected.status();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(expected->logit_scale, found->logit_scale);
  for (const quant::Image& image : images) {
    EXPECT_EQ(quant::RunQuantized(*expected, quant::ToBytes(*expected, image)),
              quant::RunQuantized(*found, quant::ToBytes(*found, image)));
  }
}

}  // namespace colonnade::packing
