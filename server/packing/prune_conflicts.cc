// SPDX-License-Identifier: Apache-2.0
#include "server/packing/prune_conflicts.h"

#include <algorithm>
#include <cmath>

namespace colonnade::packing {
namespace {

// A weight's rank in its row: a zero is below every other.
float Rank(const nn::FilterMatrix& matrix, std::span<const float> saliency, int row, int column) {
  const float weight = matrix.at(row, column);
  if (weight == 0) return -1;
  return saliency.empty() ? std::abs(weight) : saliency[size_t(row) * matrix.columns + column];
}

int64_t PruneRow(const std::vector<int>& members, std::span<const float> saliency, int row, nn::FilterMatrix& matrix) {
  int kept = members[0];
  for (const int column : members) {
    if (Rank(matrix, saliency, row, column) > Rank(matrix, saliency, row, kept)) kept = column;
  }
  int64_t pruned = 0;
  for (const int column : members) {
    if (column == kept || matrix.at(row, column) == 0) continue;
    matrix.at(row, column) = 0;
    ++pruned;
  }
  return pruned;
}

bool IsEmpty(const std::vector<int>& members, int row, const nn::FilterMatrix& matrix) {
  return std::all_of(members.begin(), members.end(), [&](int column) { return matrix.at(row, column) == 0; });
}

}  // namespace

int64_t PruneConflicts(const Grouping& grouping, nn::FilterMatrix& matrix, std::span<const float> saliency) {
  int64_t pruned = 0;
  for (const std::vector<int>& members : grouping.groups) {
    for (int row = 0; row < matrix.rows && !members.empty(); ++row) {
      pruned += PruneRow(members, saliency, row, matrix);
    }
  }
  return pruned;
}

int64_t RefillCells(const Grouping& grouping, const nn::FilterMatrix& original, nn::FilterMatrix& matrix) {
  int64_t filled = 0;
  for (const std::vector<int>& members : grouping.groups) {
    for (int row = 0; row < matrix.rows; ++row) {
      if (members.empty() || !IsEmpty(members, row, matrix)) continue;
      const auto magnitude = [&](int column) { return std::abs(original.at(row, column)); };
      const int largest = *std::max_element(members.begin(), members.end(),
                                            [&](int a, int b) { return magnitude(a) < magnitude(b); });
      matrix.at(row, largest) = original.at(row, largest);
      filled += magnitude(largest) > 0;
    }
  }
  return filled;
}

}  // namespace colonnade::packing
