// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/array/array_program.h"
#include "server/array/schedule.h"
#include "server/array/unpack.h"
#include "server/base/status.h"

namespace colonnade::array {
namespace {

constexpr size_t kMaxTiles = size_t{1} << 22;  // of one step; cycles then fit 64 bits

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

absl::Status CheckTileBounds(const Tile& tile, const PackedMatrix& matrix, const ArrayConfig& config) {
  const int rows = tile.row_end - tile.row_begin;
  if (tile.row_begin < 0 || tile.row_end > matrix.rows || rows < 1 || rows > config.rows) {
    return Invalid(fmt::format("rows {} to {} are not 1 to {} of the {} filters", tile.row_begin, tile.row_end,
                               config.rows, matrix.rows));
  }
  if (tile.groups.empty() || static_cast<int>(tile.groups.size()) > config.columns) {
    return Invalid(fmt::format("{} groups; the array holds 1 to {}", tile.groups.size(), config.columns));
  }
  if (tile.groups.front() < 0 || tile.groups.back() >= matrix.groups ||
      std::adjacent_find(tile.groups.begin(), tile.groups.end(), std::greater_equal<>()) != tile.groups.end()) {
    return Invalid(fmt::format("groups must ascend within 0 to {}", matrix.groups - 1));
  }
  return absl::OkStatus();
}

// Marks the tile's cells in `covered`, [rows][groups].
absl::Status Cover(const Tile& tile, int groups, std::vector<bool>& covered) {
  for (int row = tile.row_begin; row < tile.row_end; ++row) {
    for (const int group : tile.groups) {
      if (covered[size_t(row) * groups + group]) {
        return Invalid(fmt::format("cell of row {} and group {} is in an earlier tile too", row, group));
      }
      covered[size_t(row) * groups + group] = true;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCovered(const PackedMatrix& matrix, const std::vector<bool>& covered) {
  for (int row = 0; row < matrix.rows; ++row) {
    bool any = false;
    for (int group = 0; group < matrix.groups; ++group) {
      const size_t cell = size_t(row) * matrix.groups + group;
      any |= covered[cell];
      if (matrix.weights[cell] != 0 && !covered[cell]) {
        return Invalid(fmt::format("cell of row {} and group {} has a weight and is in no tile", row, group));
      }
    }
    if (!any) return Invalid(fmt::format("row {} is in no tile", row));
  }
  return absl::OkStatus();
}

// Tiles of the same rows add up, so they must follow one another; other rows come after.
absl::Status CheckOrder(const Tile& tile, const Tile& before) {
  const bool same_rows = tile.row_begin == before.row_begin && tile.row_end == before.row_end;
  if (same_rows || tile.row_begin >= before.row_end) return absl::OkStatus();
  return Invalid(fmt::format("rows {} to {} follow rows {} to {}; the same rows or later ones must", tile.row_begin,
                             tile.row_end, before.row_begin, before.row_end));
}

absl::Status CheckCycles(const MatrixStep& step, const ArrayConfig& config, int64_t pixels) {
  const Schedule schedule = MakeSchedule(config, pixels, step.tiles);
  COLONNADE_RETURN_IF_ERROR(Verify(config, pixels, step.tiles, schedule));
  const std::vector<Cycles> expected = CyclesByTile(config, pixels, step.tiles, schedule);
  Cycles sum;
  for (size_t i = 0; i < expected.size(); ++i) {
    sum += expected[i];
    if (step.tiles[i].cycles == expected[i]) continue;
    return Invalid(fmt::format("tile {}: {} cycles, which are not its schedule's {}", i, step.tiles[i].cycles.total(),
                               expected[i].total()));
  }
  if (sum == step.cycles) return absl::OkStatus();
  return Invalid(fmt::format("{} cycles, but its tiles take {}", step.cycles.total(), sum.total()));
}

absl::Status CheckTiles(const MatrixStep& step, const ArrayConfig& config) {
  if (step.tiles.empty() || step.tiles.size() > kMaxTiles) {
    return Invalid(fmt::format("{} tiles; 1 to {} are allowed", step.tiles.size(), kMaxTiles));
  }
  std::vector<bool> covered(step.matrix.weights.size());
  for (size_t i = 0; i < step.tiles.size(); ++i) {
    const Tile& tile = step.tiles[i];
    absl::Status status = CheckTileBounds(tile, step.matrix, config);
    if (status.ok() && i > 0) status = CheckOrder(tile, step.tiles[i - 1]);
    if (status.ok()) status = Cover(tile, step.matrix.groups, covered);
    if (!status.ok()) return Annotate(status, fmt::format("tile {}", i));
  }
  return CheckCovered(step.matrix, covered);
}

absl::Status CheckPaddedInput(const MatrixStep& step, const nn::Shape& input) {
  const nn::Window& w = step.window;
  const int64_t height = int64_t{input.height} + w.pad_top + w.pad_bottom;
  const int64_t width = int64_t{input.width} + w.pad_left + w.pad_right;
  if (height <= kMaxPaddedInput / input.channels / width) return absl::OkStatus();
  return Invalid(fmt::format("the padded input of {}x{}x{} is too large; at most {} values", input.channels, height,
                             width, kMaxPaddedInput));
}

absl::Status CheckStep(const MatrixStep& step, const quant::Tensor& output, const ArrayProgram& program) {
  COLONNADE_RETURN_IF_ERROR(CheckPaddedInput(step, program.tensors[step.input].shape));
  if (step.dense_columns < 0 || step.dense_columns > static_cast<int64_t>(step.matrix.column_sites.size())) {
    return Invalid(fmt::format("{} dense columns of {}", step.dense_columns, step.matrix.column_sites.size()));
  }
  COLONNADE_RETURN_IF_ERROR(CheckTiles(step, program.config));
  return CheckCycles(step, program.config, int64_t{output.shape.height} * output.shape.width);
}

absl::Status CheckActivations(const ArrayProgram& program) {
  int64_t values = 0;
  for (const quant::Tensor& tensor : program.tensors) {
    values += tensor.shape.size();
    if (values > kMaxActivations) {
      return Invalid(fmt::format("the tensors hold more than {} values", kMaxActivations));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Check(const ArrayProgram& program) {
  COLONNADE_RETURN_IF_ERROR(Check(program.config));
  COLONNADE_ASSIGN_OR_RETURN(const quant::QuantizedNetwork network, Unpack(program));
  COLONNADE_RETURN_IF_ERROR(quant::Check(network));
  COLONNADE_RETURN_IF_ERROR(CheckActivations(program));
  Cycles cycles;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const auto* matrix = std::get_if<MatrixStep>(&program.steps[i].operation);
    if (matrix == nullptr) continue;
    const absl::Status status = CheckStep(*matrix, program.tensors[i + 1], program);
    if (!status.ok()) return Annotate(status, fmt::format("step '{}'", program.steps[i].name));
    cycles += matrix->cycles;
  }
  if (cycles != program.cycles) {
    return Invalid(
        fmt::format("the program takes {} cycles, but its steps {}", program.cycles.total(), cycles.total()));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::array
