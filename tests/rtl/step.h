// SPDX-License-Identifier: Apache-2.0
// A step with all its data, as the array core runs it, and what must come out.
#pragma once

#include <cstdint>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::rtl {

struct Step {
  array::ArrayConfig config;
  int pixels = 1;
  array::PackedMatrix matrix;      // rows, groups, weights and lanes
  std::vector<array::Tile> tiles;  // with predicted cycles
  std::vector<uint8_t> bytes;      // [groups][alpha][pixels]
  std::vector<int32_t> initial;    // [rows][pixels]: bias plus residual
  std::vector<uint8_t> shift;      // [rows]
  int low = 0, high = 255;

  uint8_t Byte(int group, int lane, int pixel) const {
    return bytes[(size_t(group) * config.alpha + lane) * pixels + pixel];
  }
  int32_t Initial(int row, int pixel) const { return initial[size_t(row) * pixels + pixel]; }
  int8_t Weight(int row, int group) const { return matrix.weights[size_t(row) * matrix.groups + group]; }
  int Lane(int row, int group) const { return matrix.lanes[size_t(row) * matrix.groups + group]; }
};

// Random weights (a third of them zero, some extreme), lanes, bytes and initial words over
// all 32 bits. Sums wrap around, as in the hardware.
Step RandomStep(const array::ArrayConfig& config, int rows, int groups, int pixels, uint64_t seed);

// initial + sum over the groups of weight * byte, modulo 2^32.
int32_t Accumulator(const Step& step, int row, int pixel);

}  // namespace colonnade::rtl
