// SPDX-License-Identifier: Apache-2.0
#include "server/array/array_program.h"

#include <algorithm>
#include <bit>

namespace colonnade::array {

Cycles& Cycles::operator+=(const Cycles& other) {
  fill += other.fill;
  stream += other.stream;
  drain += other.drain;
  weight_load += other.weight_load;
  stall += other.stall;
  return *this;
}

int64_t PackedMatrix::nonzero_cells() const {
  return static_cast<int64_t>(weights.size()) - std::count(weights.begin(), weights.end(), 0);
}

namespace {

int64_t WeightBytes(const PackedMatrix& matrix) {
  size_t largest = 1;
  for (const std::vector<int>& members : matrix.group_columns) largest = std::max(largest, members.size());
  const int lane_bits = std::bit_width(largest - 1);
  return matrix.rows * (matrix.groups + (int64_t{matrix.groups} * lane_bits + 7) / 8);
}

}  // namespace

ProgramSize SizeOf(const ArrayProgram& program) {
  ProgramSize size;
  for (const Step& step : program.steps) {
    const auto* matrix = std::get_if<MatrixStep>(&step.operation);
    if (matrix == nullptr) continue;
    const auto tiles = static_cast<int64_t>(matrix->tiles.size());
    size.columns += matrix->matrix.groups;
    size.tiles += tiles;
    size.cells += int64_t{matrix->matrix.rows} * matrix->matrix.groups;
    size.tile_cells += tiles * program.config.rows * program.config.columns;
    size.nonzero_cells += matrix->matrix.nonzero_cells();
    size.weight_bytes += WeightBytes(matrix->matrix);
  }
  return size;
}

}  // namespace colonnade::array
