// SPDX-License-Identifier: Apache-2.0
#include "server/packing/packed_filter_matrix.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::packing {
namespace {

absl::Status FillGroup(const nn::FilterMatrix& matrix, int group, PackedFilterMatrix& packed) {
  const std::vector<int>& members = packed.grouping.groups[group];
  for (int row = 0; row < matrix.rows; ++row) {
    const size_t cell = size_t(row) * packed.groups + group;
    for (size_t lane = 0; lane < members.size(); ++lane) {
      const float weight = matrix.at(row, members[lane]);
      if (weight == 0) continue;
      if (packed.weights[cell] != 0) {
        return absl::InvalidArgumentError(
            fmt::format("row {} has a conflict in group {}: columns {} and {} are both nonzero", row, group,
                        members[packed.lanes[cell]], members[lane]));
      }
      packed.weights[cell] = weight;
      packed.lanes[cell] = static_cast<int>(lane);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNothingLeftOut(const nn::FilterMatrix& matrix, const Grouping& grouping) {
  std::vector<bool> grouped(matrix.columns, false);
  for (const std::vector<int>& members : grouping.groups) {
    for (const int column : members) grouped[column] = true;
  }
  for (int row = 0; row < matrix.rows; ++row) {
    for (int column = 0; column < matrix.columns; ++column) {
      if (grouped[column] || matrix.at(row, column) == 0) continue;
      return absl::InvalidArgumentError(
          fmt::format("column {} has nonzero weights and is in no group", column));
    }
  }
  return absl::OkStatus();
}

}  // namespace

int64_t PackedFilterMatrix::nonzeros() const {
  return std::count_if(weights.begin(), weights.end(), [](float weight) { return weight != 0; });
}

double PackedFilterMatrix::packing_efficiency() const {
  return weights.empty() ? 1.0 : static_cast<double>(nonzeros()) / static_cast<double>(weights.size());
}

double PackedFilterMatrix::density() const {
  return static_cast<double>(nonzeros()) /
         (static_cast<double>(rows) * static_cast<double>(column_sites.size()));
}

absl::StatusOr<PackedFilterMatrix> Pack(const nn::FilterMatrix& matrix, const Grouping& grouping) {
  COLONNADE_RETURN_IF_ERROR(CheckNothingLeftOut(matrix, grouping));
  PackedFilterMatrix packed{matrix.rows,        static_cast<int>(grouping.groups.size()), {}, {}, grouping,
                            matrix.column_sites};
  packed.weights.resize(size_t(packed.rows) * packed.groups);
  packed.lanes.resize(packed.weights.size());
  for (int group = 0; group < packed.groups; ++group) {
    COLONNADE_RETURN_IF_ERROR(FillGroup(matrix, group, packed));
  }
  return packed;
}

nn::FilterMatrix Unpack(const PackedFilterMatrix& packed) {
  nn::FilterMatrix matrix{packed.rows, static_cast<int>(packed.column_sites.size()), {}, packed.column_sites};
  matrix.values.resize(size_t(matrix.rows) * matrix.columns);
  for (int row = 0; row < packed.rows; ++row) {
    for (int group = 0; group < packed.groups; ++group) {
      const size_t cell = size_t(row) * packed.groups + group;
      if (packed.weights[cell] == 0) continue;
      matrix.at(row, packed.grouping.groups[group][packed.lanes[cell]]) = packed.weights[cell];
    }
  }
  return matrix;
}

}  // namespace colonnade::packing
