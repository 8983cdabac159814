// SPDX-License-Identifier: Apache-2.0
// The closed form of docs/array_manual.md, sections 7 and 8, written from the page and
// apart from the compiler's: a second opinion on both.
#pragma once

#include <algorithm>
#include <vector>

#include "server/array/array_program.h"
#include "server/executors/simulator_sequencer.h"

namespace colonnade {

inline std::vector<executors::TileShape> TileShapes(const std::vector<array::Tile>& tiles) {
  std::vector<executors::TileShape> shapes;
  for (size_t j = 0; j < tiles.size(); ++j) {
    const bool continues = j > 0 && tiles[j].row_begin == tiles[j - 1].row_begin;
    shapes.push_back({tiles[j].row_end - tiles[j].row_begin, continues});
  }
  return shapes;
}

// By tile.
inline std::vector<array::Cycles> ManualCycles(const array::ArrayConfig& config, int64_t pixels,
                                               const std::vector<executors::TileShape>& tiles) {
  const int64_t R = config.rows, C = config.columns, W = config.interleave == 4 ? 8 : 32;
  std::vector<array::Cycles> cycles(tiles.size());
  for (size_t j = 0; j < tiles.size(); ++j) {
    const int64_t n = tiles[j].rows;
    const int64_t gap = config.weight_buffers == 2 ? R + C + 2 + n - W * pixels : R + C + 35 + n - W;
    cycles[j].stream = W * pixels;
    cycles[j].weight_load = j == 0 ? n : std::max<int64_t>(0, gap);
    if (tiles[j].continues) cycles[j].stall = std::max<int64_t>(0, C + 34 - W * pixels - cycles[j].weight_load);
  }
  cycles.front().fill = C + 3;
  cycles.back().drain = R + 35 - W;
  return cycles;
}

// When each tile issues its first bit, by the recurrence of section 7.
inline std::vector<int64_t> ManualIssues(const array::ArrayConfig& config, int64_t pixels,
                                         const std::vector<executors::TileShape>& tiles) {
  const int64_t R = config.rows, C = config.columns, W = config.interleave == 4 ? 8 : 32;
  std::vector<int64_t> issues;
  for (size_t j = 0; j < tiles.size(); ++j) {
    if (j == 0) {
      issues.push_back(tiles[0].rows);
      continue;
    }
    const int64_t before = issues.back();
    const int64_t load = config.weight_buffers == 2 ? before + R + C + 2 : before + W * (pixels - 1) + R + C + 35;
    const int64_t sums = tiles[j].continues ? before + C + 34 : 0;
    issues.push_back(std::max({load + tiles[j].rows, before + W * pixels, sums}));
  }
  return issues;
}

}  // namespace colonnade
