// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/energy.h"

#include <variant>

#include "server/array/schedule.h"

namespace colonnade::compiler {
namespace {

using array::ArrayConfig;
using array::MatrixStep;
using array::Tile;

constexpr int kSumBytes = 4;

// Events of one image.
struct Counts {
  int64_t multiply_adds = 0, activation_bytes = 0, weight_bits = 0, accumulator_bytes = 0;
};

int WeightBits(const ArrayConfig& config) { return 8 + array::SelectBits(config); }

void CountTile(const MatrixStep& step, size_t index, int64_t pixels, const ArrayConfig& config, Counts& counts) {
  const Tile& tile = step.tiles[index];
  const int64_t rows = tile.row_end - tile.row_begin;
  for (const int group : tile.groups) {
    counts.activation_bytes += pixels * int64_t(step.matrix.group_columns[size_t(group)].size());
  }
  counts.weight_bits += rows * int64_t(tile.groups.size()) * WeightBits(config);
  if (array::ContinuesSums(step.tiles, index)) counts.accumulator_bytes += 2 * kSumBytes * rows * pixels;
}

void CountStep(const MatrixStep& step, const nn::Shape& output, const ArrayConfig& config, Counts& counts) {
  const int64_t pixels = int64_t{output.height} * output.width;
  counts.multiply_adds += step.matrix.nonzero_cells() * pixels;
  for (size_t i = 0; i < step.tiles.size(); ++i) CountTile(step, i, pixels, config, counts);
  const int64_t output_bytes = step.is_logits ? kSumBytes : 1;
  counts.activation_bytes += output.size() * (output_bytes + (step.residual ? 1 : 0));
}

}  // namespace

int RegisterBits(const ArrayConfig& config) {
  constexpr int kMultiplier = 6 + 6, kAdder = 2;  // partial sums and carries; carry and result
  const int sign = config.interleave > 1 ? 1 : 0;
  return config.alpha + config.weight_buffers * WeightBits(config) + config.interleave * (kMultiplier + kAdder + sign);
}

Energy ModelEnergy(const array::ArrayProgram& program, const EnergyTable& table) {
  Counts counts;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const auto* matrix = std::get_if<MatrixStep>(&program.steps[i].operation);
    if (matrix != nullptr) CountStep(*matrix, program.tensors[i + 1].shape, program.config, counts);
  }
  const double cells = double(program.config.rows) * program.config.columns;
  Energy energy;
  energy.multiply_adds = table.multiply_add * double(counts.multiply_adds);
  energy.registers =
      table.register_bit * double(program.cycles.total()) * cells * double(RegisterBits(program.config));
  energy.activations = table.activation_byte * double(counts.activation_bytes);
  energy.weights = table.weight_byte * double(counts.weight_bits) / 8;
  energy.accumulators = table.accumulator_byte * double(counts.accumulator_bytes);
  return energy;
}

}  // namespace colonnade::compiler
