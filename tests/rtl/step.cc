// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/step.h"

#include <random>

#include "server/compiler/cycle_model.h"
#include "server/compiler/tile.h"

namespace colonnade::rtl {
namespace {

int8_t RandomWeight(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0:
    case 1: return 0;
    case 2: return random() % 2 ? 127 : -127;
    default: return static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
  }
}

uint8_t RandomByte(std::mt19937_64& random) { return static_cast<uint8_t>(random() % 8 == 0 ? 255 : random()); }

void FillMatrix(Step& step, std::mt19937_64& random) {
  for (int cell = 0; cell < step.matrix.rows * step.matrix.groups; ++cell) {
    step.matrix.weights.push_back(RandomWeight(random));
    const bool empty = step.matrix.weights.back() == 0;
    step.matrix.lanes.push_back(empty ? 0 : static_cast<uint8_t>(random() % step.config.alpha));
  }
}

}  // namespace

Step RandomStep(const array::ArrayConfig& config, int rows, int groups, int pixels, uint64_t seed) {
  std::mt19937_64 random(seed);
  Step step{config, pixels, {rows, groups, {}, {}, {}, {}}, {}, {}, {}, {}};
  FillMatrix(step, random);
  step.tiles = compiler::CutIntoTiles(step.matrix, config);
  compiler::PredictCycles(config, pixels, step.tiles);
  for (int i = 0; i < groups * config.alpha * pixels; ++i) step.bytes.push_back(RandomByte(random));
  const int range = static_cast<int>(random() % 32);  // of the initial words, in bits
  for (int i = 0; i < rows * pixels; ++i) step.initial.push_back(static_cast<int32_t>(random()) >> range);
  for (int row = 0; row < rows; ++row) step.shift.push_back(static_cast<uint8_t>(random() % 32));
  const bool is_signed = random() % 2;
  step.low = is_signed ? -128 : static_cast<int>(random() % 2);
  step.high = is_signed ? 127 : 255 - static_cast<int>(random() % 3);
  return step;
}

int32_t Accumulator(const Step& step, int row, int pixel) {
  auto sum = static_cast<uint32_t>(step.Initial(row, pixel));
  for (int group = 0; group < step.matrix.groups; ++group) {
    sum += static_cast<uint32_t>(step.Weight(row, group) * step.Byte(group, step.Lane(row, group), pixel));
  }
  return static_cast<int32_t>(sum);
}

}  // namespace colonnade::rtl
