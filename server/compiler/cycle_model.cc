// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/cycle_model.h"

#include <algorithm>

#include "server/array/schedule.h"

namespace colonnade::compiler {
namespace {

using array::ArrayConfig;
using array::Cycles;

int64_t LoadGap(const ArrayConfig& config, int64_t rows, int64_t stream) {
  const int64_t size = config.rows + config.columns;
  if (config.weight_buffers > 1) return std::max<int64_t>(0, size + 2 + rows - stream);
  return size + 35 + rows - array::WordCycles(config);
}

}  // namespace

Cycles PredictCycles(const ArrayConfig& config, int64_t pixels, std::vector<array::Tile>& tiles) {
  const int64_t stream = IdealCycles(config, pixels, 1);
  Cycles sum;
  for (size_t i = 0; i < tiles.size(); ++i) {
    const int64_t rows = tiles[i].row_end - tiles[i].row_begin;
    Cycles& cycles = tiles[i].cycles = {};
    cycles.stream = stream;
    cycles.weight_load = i == 0 ? rows : LoadGap(config, rows, stream);
    if (array::ContinuesSums(tiles, i)) {
      cycles.stall = std::max<int64_t>(0, config.columns + 34 - stream - cycles.weight_load);
    }
    if (i == 0) cycles.fill = config.columns + 3;
    if (i + 1 == tiles.size()) cycles.drain = config.rows + 35 - array::WordCycles(config);
    sum += cycles;
  }
  return sum;
}

int64_t IdealCycles(const ArrayConfig& config, int64_t pixels, int64_t tiles) {
  return array::WordCycles(config) * pixels * tiles;
}

}  // namespace colonnade::compiler
