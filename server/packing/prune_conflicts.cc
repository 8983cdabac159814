// SPDX-License-Identifier: Apache-2.0
#include "server/packing/prune_conflicts.h"

#include <cmath>

namespace colonnade::packing {
namespace {

int64_t PruneRow(const std::vector<int>& members, int row, nn::FilterMatrix& matrix) {
  int kept = members[0];
  for (const int column : members) {
    if (std::abs(matrix.at(row, column)) > std::abs(matrix.at(row, kept))) kept = column;
  }
  int64_t pruned = 0;
  for (const int column : members) {
    if (column == kept || matrix.at(row, column) == 0) continue;
    matrix.at(row, column) = 0;
    ++pruned;
  }
  return pruned;
}

}  // namespace

int64_t PruneConflicts(const Grouping& grouping, nn::FilterMatrix& matrix) {
  int64_t pruned = 0;
  for (const std::vector<int>& members : grouping.groups) {
    for (int row = 0; row < matrix.rows && !members.empty(); ++row) pruned += PruneRow(members, row, matrix);
  }
  return pruned;
}

}  // namespace colonnade::packing
