// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/weight_blocks.h"

#include <algorithm>
#include <numeric>

namespace colonnade::onnx {
namespace {

bool IsZero(const int8_t* begin, const int8_t* end) {
  return std::all_of(begin, end, [](int8_t weight) { return weight == 0; });
}

bool HoldEverything(const quant::WeightMatrix& weights, int blocks) {
  const int rows = weights.rows / blocks, columns = weights.columns / blocks;
  for (int row = 0; row < weights.rows; ++row) {
    const int8_t* values = &weights.values[size_t(row) * size_t(weights.columns)];
    const int begin = row / rows * columns;
    if (!IsZero(values, values + begin) || !IsZero(values + begin + columns, values + weights.columns)) return false;
  }
  return true;
}

}  // namespace

int BlocksOf(const quant::WeightMatrix& weights, int channels) {
  const int most = std::gcd(weights.rows, channels);
  for (int blocks = most; blocks > 1; --blocks) {
    if (most % blocks == 0 && HoldEverything(weights, blocks)) return blocks;
  }
  return 1;
}

std::vector<int8_t> TakeBlocks(const quant::WeightMatrix& weights, int blocks) {
  const int rows = weights.rows / blocks, columns = weights.columns / blocks;
  std::vector<int8_t> taken;
  taken.reserve(size_t(weights.rows) * size_t(columns));
  for (int row = 0; row < weights.rows; ++row) {
    const auto begin = weights.values.begin() + int64_t{row} * weights.columns + int64_t{row / rows} * columns;
    taken.insert(taken.end(), begin, begin + columns);
  }
  return taken;
}

}  // namespace colonnade::onnx
