// SPDX-License-Identifier: Apache-2.0
#include "server/array/unpack.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/base/status.h"

namespace colonnade::array {
namespace {

constexpr int64_t kMaxMatrixValues = int64_t{1} << 27;  // as nn::InferShapes()

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

absl::Status CheckSize(std::string_view what, size_t size, int64_t expected) {
  if (static_cast<int64_t>(size) == expected) return absl::OkStatus();
  return Invalid(fmt::format("{} holds {} values; its rows and groups need {}", what, size, expected));
}

absl::Status CheckSizes(const MatrixStep& step) {
  const PackedMatrix& m = step.matrix;
  const auto columns = static_cast<int64_t>(m.column_sites.size());
  if (m.rows < 1 || m.groups < 1 || columns < 1 || m.groups > columns ||
      columns > kMaxMatrixValues / m.rows) {
    return Invalid(
        fmt::format("{} rows, {} groups and {} columns; each must be at least 1, groups at most columns, "
                    "rows x columns at most {}",
                    m.rows, m.groups, columns, kMaxMatrixValues));
  }
  COLONNADE_RETURN_IF_ERROR(CheckSize("weights", m.weights.size(), int64_t{m.rows} * m.groups));
  COLONNADE_RETURN_IF_ERROR(CheckSize("lanes", m.lanes.size(), int64_t{m.rows} * m.groups));
  COLONNADE_RETURN_IF_ERROR(CheckSize("group_columns", m.group_columns.size(), m.groups));
  COLONNADE_RETURN_IF_ERROR(CheckSize("bias", step.bias.size(), m.rows));
  return CheckSize("shift", step.shift.size(), m.rows);
}

absl::Status CheckGroups(const PackedMatrix& m, int alpha) {
  std::vector<bool> taken(m.column_sites.size());
  for (int g = 0; g < m.groups; ++g) {
    const std::vector<int>& members = m.group_columns[g];
    if (members.empty() || static_cast<int>(members.size()) > alpha) {
      return Invalid(
          fmt::format("group {} has {} columns; the array takes 1 to {}", g, members.size(), alpha));
    }
    for (const int column : members) {
      if (column < 0 || column >= static_cast<int>(taken.size()) || taken[column]) {
        return Invalid(
            fmt::format("group {} lists column {}, which is not among the {} columns or in a group already",
                        g, column, taken.size()));
      }
      taken[column] = true;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCell(const PackedMatrix& m, int row, int group) {
  const size_t cell = size_t(row) * m.groups + group;
  const int weight = m.weights[cell];
  const int lane = m.lanes[cell];
  const auto lanes = static_cast<int>(m.group_columns[group].size());
  if (weight < -quant::kMaxWeight || lane >= lanes || (weight == 0 && lane != 0)) {
    return Invalid(
        fmt::format("cell of row {} and group {} has weight {} and lane {}; weights are -127 to 127, "
                    "lanes 0 to {}, an empty cell has lane 0",
                    row, group, weight, lane, lanes - 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<quant::WeightMatrix> UnpackWeights(const PackedMatrix& m) {
  quant::WeightMatrix weights{m.rows, static_cast<int>(m.column_sites.size()), {}, m.column_sites};
  weights.values.resize(size_t(weights.rows) * weights.columns);
  for (int row = 0; row < m.rows; ++row) {
    for (int group = 0; group < m.groups; ++group) {
      COLONNADE_RETURN_IF_ERROR(CheckCell(m, row, group));
      const size_t cell = size_t(row) * m.groups + group;
      if (m.weights[cell] == 0) continue;
      const int column = m.group_columns[group][m.lanes[cell]];
      weights.values[size_t(row) * weights.columns + column] = m.weights[cell];
    }
  }
  return weights;
}

// bias[row] = corrected bias + zero point * sum of the row's weights.
absl::StatusOr<std::vector<int32_t>> UncorrectBias(const MatrixStep& step, int zero_point) {
  std::vector<int32_t> bias(step.matrix.rows);
  for (int row = 0; row < step.matrix.rows; ++row) {
    const int8_t* weights = &step.matrix.weights[size_t(row) * step.matrix.groups];
    int64_t value = step.bias[row];
    for (int group = 0; group < step.matrix.groups; ++group) value += int64_t{zero_point} * weights[group];
    if (value != static_cast<int32_t>(value)) {
      return Invalid(fmt::format(
          "bias of row {} is {} without the correction for its signed input; must fit 32 bits", row, value));
    }
    bias[row] = static_cast<int32_t>(value);
  }
  return bias;
}

absl::StatusOr<quant::MatrixLayer> UnpackStep(const MatrixStep& step, const ArrayProgram& program) {
  if (step.input < 0 || step.input >= static_cast<int>(program.tensors.size())) {
    return Invalid(fmt::format("input is tensor {}; the program has {}", step.input, program.tensors.size()));
  }
  COLONNADE_RETURN_IF_ERROR(CheckSizes(step));
  COLONNADE_RETURN_IF_ERROR(CheckGroups(step.matrix, program.config.alpha));
  quant::MatrixLayer layer;
  layer.input = step.input;
  layer.window = step.window;
  COLONNADE_ASSIGN_OR_RETURN(layer.weights, UnpackWeights(step.matrix));
  COLONNADE_ASSIGN_OR_RETURN(layer.bias, UncorrectBias(step, program.tensors[step.input].zero_point()));
  layer.shift = step.shift;
  layer.residual = step.residual;
  layer.low = step.low;
  layer.high = step.high;
  layer.is_logits = step.is_logits;
  return layer;
}

}  // namespace

absl::StatusOr<quant::QuantizedNetwork> Unpack(const ArrayProgram& program) {
  quant::QuantizedNetwork network;
  network.input_name = program.input_name;
  network.output_name = program.output_name;
  network.tensors = program.tensors;
  network.logit_scale = program.logit_scale;
  network.softmax = program.softmax;
  int64_t values = 0;
  for (const Step& step : program.steps) {
    if (const auto* matrix = std::get_if<MatrixStep>(&step.operation)) {
      auto layer = UnpackStep(*matrix, program);
      if (!layer.ok()) return Annotate(layer.status(), fmt::format("step '{}'", step.name));
      layer->source = step.name;
      values += static_cast<int64_t>(layer->weights.values.size());
      if (values > kMaxWeights) {
        return Invalid(fmt::format("the unpacked filter matrices hold more than {} values", kMaxWeights));
      }
      network.layers.push_back({step.name, *std::move(layer)});
    } else {
      network.layers.push_back({step.name, std::get<quant::HostLayer>(step.operation)});
    }
  }
  return network;
}

}  // namespace colonnade::array
