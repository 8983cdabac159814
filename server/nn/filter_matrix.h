// SPDX-License-Identifier: Apache-2.0
// A layer's weights as the systolic array sees them.
#pragma once

#include <vector>

#include "server/nn/network.h"

namespace colonnade::nn {

// Where a filter-matrix column reads: an input channel at one tap (kernel
// position). A Linear layer has the single tap (0, 0) and one channel per input.
struct Column {
  int channel = 0;
  int dy = 0;  // kernel row, 0 .. kernel_h - 1
  int dx = 0;  // kernel column, 0 .. kernel_w - 1

  friend bool operator==(const Column&, const Column&) = default;
};

// rows = filters (output channels); columns = input channels x kernel_h x
// kernel_w, ordered channel-major, then dy, then dx, as in a Convolution's
// weight. Grouped and depthwise convolutions are block-diagonal: zero outside
// their block.
struct FilterMatrix {
  int rows = 0;
  int columns = 0;
  std::vector<float> values;         // [rows][columns], row-major
  std::vector<Column> column_sites;  // [columns]

  float at(int row, int column) const { return values[size_t(row) * columns + column]; }
  float& at(int row, int column) { return values[size_t(row) * columns + column]; }
};

// REQUIRES: layer.is_matrix() and shapes inferred; `input` is the shape it reads.
FilterMatrix ToFilterMatrix(const Layer& layer, const Shape& input);

// The same for a layer of `network`.
FilterMatrix ToFilterMatrix(const Network& network, const Layer& layer);

// The columns with a nonzero weight, in ascending order.
std::vector<int> NonzeroColumns(const FilterMatrix& matrix);

// For each weight, in the layer's order, its column in the filter matrix; its row is
// its index / (weights per filter).
std::vector<int> ColumnsOfWeights(const Layer& layer, const Shape& input);

// Writes the matrix back into the layer's weight; entries outside a block of a
// grouped convolution are ignored. REQUIRES: the matrix came from this layer.
void StoreFilterMatrix(const FilterMatrix& matrix, const Shape& input, Layer& layer);

}  // namespace colonnade::nn
