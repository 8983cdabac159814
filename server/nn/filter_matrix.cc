// SPDX-License-Identifier: Apache-2.0
#include "server/nn/filter_matrix.h"

#include <vector>

namespace colonnade::nn {
namespace {

// A layer's weight seen as block-diagonal: `groups` blocks, each filter spanning
// `channels_per_group` channels of kernel_h x kernel_w taps.
struct Blocks {
  int rows, channels, channels_per_group, kernel_h, kernel_w, rows_per_group;

  int taps() const { return kernel_h * kernel_w; }
  int columns() const { return channels * taps(); }
  int block_columns() const { return channels_per_group * taps(); }
  int first_column(int row) const { return row / rows_per_group * block_columns(); }
};

Blocks BlocksOf(const Layer& layer, const Shape& input) {
  if (const auto* conv = layer.as<Convolution>()) {
    return {conv->filters,         input.channels,        input.channels / conv->groups,
            conv->window.kernel_h, conv->window.kernel_w, conv->filters / conv->groups};
  }
  const int outputs = layer.as<Linear>()->outputs;
  return {outputs, int(input.size()), int(input.size()), 1, 1, outputs};
}

std::vector<Column> SitesOf(const Blocks& blocks) {
  std::vector<Column> sites;
  sites.reserve(blocks.columns());
  for (int channel = 0; channel < blocks.channels; ++channel) {
    for (int dy = 0; dy < blocks.kernel_h; ++dy) {
      for (int dx = 0; dx < blocks.kernel_w; ++dx) sites.push_back({channel, dy, dx});
    }
  }
  return sites;
}

}  // namespace

FilterMatrix ToFilterMatrix(const Layer& layer, const Shape& input) {
  const Blocks blocks = BlocksOf(layer, input);
  const auto* conv = layer.as<Convolution>();
  const std::vector<float>& weight = conv ? conv->weight : layer.as<Linear>()->weight;
  FilterMatrix matrix{blocks.rows, blocks.columns(), {}, SitesOf(blocks)};
  matrix.values.assign(size_t(matrix.rows) * matrix.columns, 0.0f);
  for (int row = 0; row < matrix.rows; ++row) {
    for (int i = 0; i < blocks.block_columns(); ++i) {
      matrix.at(row, blocks.first_column(row) + i) = weight[size_t(row) * blocks.block_columns() + i];
    }
  }
  return matrix;
}

FilterMatrix ToFilterMatrix(const Network& network, const Layer& layer) {
  return ToFilterMatrix(layer, network.layers[size_t(layer.inputs[0])].output);
}

std::vector<int> NonzeroColumns(const FilterMatrix& matrix) {
  std::vector<bool> nonzero(size_t(matrix.columns));
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (matrix.values[i] != 0) nonzero[i % size_t(matrix.columns)] = true;
  }
  std::vector<int> columns;
  for (int column = 0; column < matrix.columns; ++column) {
    if (nonzero[size_t(column)]) columns.push_back(column);
  }
  return columns;
}

std::vector<int> ColumnsOfWeights(const Layer& layer, const Shape& input) {
  const Blocks blocks = BlocksOf(layer, input);
  std::vector<int> columns;
  columns.reserve(size_t(blocks.rows) * size_t(blocks.block_columns()));
  for (int row = 0; row < blocks.rows; ++row) {
    for (int i = 0; i < blocks.block_columns(); ++i) columns.push_back(blocks.first_column(row) + i);
  }
  return columns;
}

void StoreFilterMatrix(const FilterMatrix& matrix, const Shape& input, Layer& layer) {
  const Blocks blocks = BlocksOf(layer, input);
  auto* conv = layer.as<Convolution>();
  std::vector<float>& weight = conv ? conv->weight : layer.as<Linear>()->weight;
  for (int row = 0; row < matrix.rows; ++row) {
    for (int i = 0; i < blocks.block_columns(); ++i) {
      weight[size_t(row) * blocks.block_columns() + i] = matrix.at(row, blocks.first_column(row) + i);
    }
  }
}

}  // namespace colonnade::nn
