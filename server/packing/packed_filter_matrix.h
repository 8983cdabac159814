// SPDX-License-Identifier: Apache-2.0
// A filter matrix after column combining, in floats: what reports count.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/filter_matrix.h"
#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// rows = filters, columns = groups. Cell (row, group) holds the one weight that the
// row has among the group's columns, and the lane of that column; 0 and lane 0 when
// it has none.
struct PackedFilterMatrix {
  int rows = 0;
  int groups = 0;
  std::vector<float> weights;            // [rows][groups]
  std::vector<int> lanes;                // [rows][groups]
  Grouping grouping;                     // lane = position in grouping.groups[group]
  std::vector<nn::Column> column_sites;  // [columns] of the unpacked matrix

  int64_t nonzeros() const;

  // Nonzero cells / all cells, 0 to 1: how much of the array's work counts. 1 for a
  // matrix of zeros, which occupies no cell.
  double packing_efficiency() const;

  // Nonzero weights / all weights of the unpacked matrix, 0 to 1.
  double density() const;
};

// INVALID_ARGUMENT, naming row and group, when two nonzero weights meet in a cell
// (PruneConflicts() first), or naming the column when a nonzero one is in no group.
// REQUIRES: the grouping's columns exist, each in one group.
absl::StatusOr<PackedFilterMatrix> Pack(const nn::FilterMatrix& matrix, const Grouping& grouping);

// The inverse of Pack().
nn::FilterMatrix Unpack(const PackedFilterMatrix& packed);

}  // namespace colonnade::packing
