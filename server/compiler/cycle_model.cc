// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/cycle_model.h"

#include <algorithm>

namespace colonnade::compiler {

using array::ArrayConfig;
using array::Cycles;

int64_t LoadCycles(const ArrayConfig& config, int rows) {
  return (int64_t{kDataCycles} * rows + config.alpha - 1) / config.alpha;
}

Cycles ComputeCycles(const ArrayConfig& config, int64_t pixels) {
  const int64_t words = (pixels + config.interleave - 1) / config.interleave;
  Cycles cycles;
  cycles.fill = kStartUp + config.columns - 1;
  cycles.stream = kWordCycles * words;
  cycles.drain = config.rows - 1 + (config.interleave > 1 ? kWordCycles - kDataCycles : 0);
  return cycles;
}

Cycles PredictCycles(const ArrayConfig& config, int64_t pixels, std::vector<array::Tile>& tiles) {
  const Cycles compute = ComputeCycles(config, pixels);
  Cycles sum;
  int64_t hidden = 0;
  for (array::Tile& tile : tiles) {
    tile.cycles = compute;
    tile.cycles.weight_load =
        std::max<int64_t>(0, LoadCycles(config, tile.row_end - tile.row_begin) - hidden);
    sum += tile.cycles;
    hidden = config.weight_buffers > 1 ? compute.total() : 0;
  }
  return sum;
}

}  // namespace colonnade::compiler
