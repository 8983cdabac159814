// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/machine_shape.h"

#include <core_models.h>

namespace colonnade::rtl {

int MemoryWords(const MachineShape& shape, int id) {
  const int words[] = {shape.positions, kWeightWords, kColumnWords, kRowWords,
                       kTileWords,      kStepWords,   kTapWords,    kResultWords};
  return words[id];
}

int MemoryBits(const MachineShape& shape, int id) {
  const int bits[] = {shape.channels * 8, shape.config.columns * shape.word_bits(), 32 + 8 * shape.config.alpha, 64, 32,
                      32, 48 + shape.channels, 32};
  return bits[id];
}

std::vector<MachineShape> MachineShapes() {
#define SHAPE(name, rows, columns, alpha, interleave, buffers, rule, channels, positions) \
  {{rows, columns, alpha, interleave, buffers, nn::FeedRule{rule}}, channels, positions},
  return {CORE_MODELS(SHAPE)};
#undef SHAPE
}

}  // namespace colonnade::rtl
