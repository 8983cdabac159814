// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/tile.h"

#include <algorithm>

namespace colonnade::compiler {
namespace {

// Groups with a nonzero weight in rows [begin, end); {0} when there are none.
std::vector<int> GroupsIn(const array::PackedMatrix& matrix, int begin, int end) {
  std::vector<bool> used(matrix.groups);
  for (int row = begin; row < end; ++row) {
    for (int group = 0; group < matrix.groups; ++group) {
      if (matrix.weights[size_t(row) * matrix.groups + group] != 0) used[group] = true;
    }
  }
  std::vector<int> groups;
  for (int group = 0; group < matrix.groups; ++group) {
    if (used[group]) groups.push_back(group);
  }
  return groups.empty() ? std::vector<int>{0} : groups;
}

}  // namespace

std::vector<array::Tile> CutIntoTiles(const array::PackedMatrix& matrix, const array::ArrayConfig& config) {
  std::vector<array::Tile> tiles;
  for (int row = 0; row < matrix.rows; row += config.rows) {
    const int row_end = std::min(row + config.rows, matrix.rows);
    const std::vector<int> groups = GroupsIn(matrix, row, row_end);
    for (auto run = groups.begin(); run != groups.end();) {
      const auto run_end = groups.end() - run <= config.columns ? groups.end() : run + config.columns;
      tiles.push_back({row, row_end, {run, run_end}, {}});
      run = run_end;
    }
  }
  return tiles;
}

}  // namespace colonnade::compiler
