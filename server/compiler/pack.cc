// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/pack.h"

#include "server/base/status.h"

namespace colonnade::compiler {
namespace {

std::vector<bool> NonzeroMask(const quant::WeightMatrix& weights) {
  std::vector<bool> nonzero(weights.columns);
  for (int row = 0; row < weights.rows; ++row) {
    for (int column = 0; column < weights.columns; ++column) {
      if (weights.at(row, column) != 0) nonzero[column] = true;
    }
  }
  return nonzero;
}

absl::Status Verify(const quant::WeightMatrix& weights, const packing::Grouping& grouping,
                    const array::ArrayConfig& config) {
  const nn::FilterMatrix matrix{weights.rows, weights.columns,
                                std::vector<float>(weights.values.begin(), weights.values.end()),
                                weights.column_sites};
  const packing::PackingProblem problem{matrix, config.alpha, /*gamma=*/0.0, config.feed_rule};
  COLONNADE_RETURN_IF_ERROR(problem.Check());
  return problem.Verify(grouping);
}

// REQUIRES: no conflicts.
void FillCells(const quant::WeightMatrix& weights, int group, array::PackedMatrix& packed) {
  const std::vector<int>& members = packed.group_columns[group];
  for (int row = 0; row < weights.rows; ++row) {
    for (size_t lane = 0; lane < members.size(); ++lane) {
      const int8_t weight = weights.at(row, members[lane]);
      if (weight == 0) continue;
      packed.weights[size_t(row) * packed.groups + group] = weight;
      packed.lanes[size_t(row) * packed.groups + group] = static_cast<uint8_t>(lane);
    }
  }
}

}  // namespace

packing::Grouping DenseGrouping(const quant::WeightMatrix& weights) {
  packing::Grouping grouping;
  const std::vector<bool> nonzero = NonzeroMask(weights);
  for (int column = 0; column < weights.columns; ++column) {
    if (nonzero[column]) grouping.groups.push_back({column});
  }
  return grouping;
}

int64_t NonzeroColumns(const quant::WeightMatrix& weights) {
  return static_cast<int64_t>(DenseGrouping(weights).groups.size());
}

absl::StatusOr<array::PackedMatrix> Pack(const quant::WeightMatrix& weights,
                                         const packing::Grouping& grouping,
                                         const array::ArrayConfig& config) {
  COLONNADE_RETURN_IF_ERROR(Verify(weights, grouping, config));
  array::PackedMatrix packed;
  packed.rows = weights.rows;
  packed.group_columns = grouping.groups;
  if (packed.group_columns.empty()) packed.group_columns.push_back({0});
  packed.groups = static_cast<int>(packed.group_columns.size());
  packed.weights.resize(size_t(packed.rows) * packed.groups);
  packed.lanes.resize(packed.weights.size());
  packed.column_sites = weights.column_sites;
  for (int group = 0; group < packed.groups; ++group) FillCells(weights, group, packed);
  return packed;
}

}  // namespace colonnade::compiler
