// SPDX-License-Identifier: Apache-2.0
#include "server/executors/reference.h"

#include <algorithm>

namespace colonnade::executors {
namespace {

using array::MatrixStep;
using array::PackedMatrix;

// What a filter-matrix column reads at each output pixel, row by row.
std::vector<int> ReadColumn(const nn::Column& site, const nn::Window& window, const quant::Tensor& tensor,
                            const std::vector<uint8_t>& bytes, const nn::Shape& output) {
  const nn::Shape& shape = tensor.shape;
  std::vector<int> values;
  values.reserve(size_t(output.height) * output.width);
  for (int y = 0; y < output.height; ++y) {
    for (int x = 0; x < output.width; ++x) {
      const int in_y = y * window.stride_h - window.pad_top + site.dy * window.dilation_h;
      const int in_x = x * window.stride_w - window.pad_left + site.dx * window.dilation_w;
      const bool inside = 0 <= in_y && in_y < shape.height && 0 <= in_x && in_x < shape.width;
      const int64_t at = (int64_t{site.channel} * shape.height + in_y) * shape.width + in_x;
      values.push_back(inside ? bytes[at] : tensor.zero_point());
    }
  }
  return values;
}

// Adds one tile's products to acc, [rows][pixels].
void AddTile(const array::Tile& tile, const PackedMatrix& matrix,
             const std::vector<std::vector<int>>& columns, int64_t pixels, std::vector<int64_t>& acc) {
  for (int row = tile.row_begin; row < tile.row_end; ++row) {
    for (const int group : tile.groups) {
      const size_t cell = size_t(row) * matrix.groups + group;
      if (matrix.weights[cell] == 0) continue;
      const std::vector<int>& bytes = columns[matrix.group_columns[group][matrix.lanes[cell]]];
      for (int64_t p = 0; p < pixels; ++p) acc[row * pixels + p] += matrix.weights[cell] * bytes[p];
    }
  }
}

void AddResidual(const quant::Residual& residual, const MatrixStep& step, const quant::Tensor& tensor,
                 const std::vector<uint8_t>& bytes, int64_t pixels, std::vector<int64_t>& acc) {
  for (int row = 0; row < step.matrix.rows; ++row) {
    const int64_t factor = int64_t{1} << (step.shift[row] + residual.exponent);
    for (int64_t p = 0; p < pixels; ++p) {
      acc[row * pixels + p] += (bytes[row * pixels + p] - tensor.zero_point()) * factor;
    }
  }
}

}  // namespace

std::vector<int64_t> ReferenceExecutor::Accumulate(int index, const Workspace& workspace) const {
  const MatrixStep& step = matrix_step(index);
  const nn::Shape& output = program().tensors[index + 1].shape;
  const int64_t pixels = int64_t{output.height} * output.width;
  std::vector<int64_t> acc;
  for (const int32_t bias : step.bias) acc.insert(acc.end(), pixels, bias);
  std::vector<std::vector<int>> columns(step.matrix.column_sites.size());
  for (const std::vector<int>& members : step.matrix.group_columns) {
    for (const int column : members) {
      columns[column] = ReadColumn(step.matrix.column_sites[column], step.window,
                                   program().tensors[step.input], workspace.tensors[step.input], output);
    }
  }
  for (const array::Tile& tile : step.tiles) AddTile(tile, step.matrix, columns, pixels, acc);
  if (step.residual) {
    AddResidual(*step.residual, step, program().tensors[step.residual->tensor],
                workspace.tensors[step.residual->tensor], pixels, acc);
  }
  return acc;
}

void ReferenceExecutor::RunMatrixStep(int index, Workspace& workspace) const {
  const MatrixStep& step = matrix_step(index);
  const quant::Tensor& output = program().tensors[index + 1];
  const int64_t pixels = int64_t{output.shape.height} * output.shape.width;
  const std::vector<int64_t> acc = Accumulate(index, workspace);
  for (int row = 0; row < step.matrix.rows; ++row) {
    for (int64_t p = 0; p < pixels; ++p) {
      const int q = quant::Requantize(acc[row * pixels + p], step.shift[row], step.low, step.high);
      workspace.tensors[index + 1][row * pixels + p] = static_cast<uint8_t>(q + output.zero_point());
    }
  }
}

void ReferenceExecutor::RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const {
  const std::vector<int64_t> acc = Accumulate(index, workspace);
  std::transform(acc.begin(), acc.end(), logits.begin(),
                 [](int64_t value) { return static_cast<int32_t>(value); });
}

}  // namespace colonnade::executors
