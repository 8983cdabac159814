// SPDX-License-Identifier: Apache-2.0
// Filter matrices for tests of packing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "server/nn/filter_matrix.h"

namespace colonnade::packing {

// A pointwise layer's matrix of these rows.
inline nn::FilterMatrix Matrix(const std::vector<std::vector<float>>& rows) {
  nn::FilterMatrix matrix{static_cast<int>(rows.size()), static_cast<int>(rows[0].size()), {}, {}};
  for (const std::vector<float>& row : rows)
    matrix.values.insert(matrix.values.end(), row.begin(), row.end());
  for (int column = 0; column < matrix.columns; ++column) matrix.column_sites.push_back({column, 0, 0});
  return matrix;
}

// A convolution's matrix with a share of nonzero weights that varies between columns,
// sometimes block-diagonal, sometimes a single row or column, sometimes all zero.
inline nn::FilterMatrix RandomMatrix(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(random() % uint64_t(high - low + 1));
  };
  const int channels = pick(1, 20), kernel_h = pick(1, 3), kernel_w = pick(1, 3);
  const bool depthwise = pick(0, 4) == 0;
  const int rows = depthwise ? channels : pick(1, 4) == 1 ? 1 : pick(1, 150);
  nn::FilterMatrix matrix{rows, channels * kernel_h * kernel_w, {}, {}};
  for (int channel = 0; channel < channels; ++channel) {
    for (int dy = 0; dy < kernel_h; ++dy) {
      for (int dx = 0; dx < kernel_w; ++dx) matrix.column_sites.push_back({channel, dy, dx});
    }
  }
  matrix.values.resize(size_t(rows) * matrix.columns);
  const int density = pick(0, 10);
  for (int column = 0; column < matrix.columns; ++column) {
    const int share = std::min(10, density * pick(0, 2));
    for (int row = 0; row < rows; ++row) {
      if (depthwise && matrix.column_sites[column].channel != row) continue;
      if (pick(1, 10) <= share) matrix.at(row, column) = static_cast<float>(pick(-8, 8)) / 8;
    }
  }
  return matrix;
}

}  // namespace colonnade::packing
