// SPDX-License-Identifier: Apache-2.0
// Cycles of one tile in closed form. For an array of R rows and C columns, a tile
// that uses `rows` of the rows, and P output pixels:
//
//   fill    = kStartUp + (C - 1)      sums pass every column, one cycle each
//   stream  = 32 * ceil(P / 4)        interleave 4: four pixels share a word time
//           = 32 * P                  interleave 1: one pixel per word time
//   drain   = (R - 1) + 24            interleave 4: row r runs r cycles late; after its
//                                     8 data cycles the last sum has 24 bits to come
//           = (R - 1)                 interleave 1: these 24 cycles are in the stream
//   load    = ceil(8 * rows / alpha)  8-bit weights enter through the alpha data lanes;
//                                     lane indices travel beside them
//
// With one weight buffer a load delays its tile in full. With two it runs while the
// tile before computes, so that only what exceeds that tile's fill, stream and drain
// counts; a step's first tile always pays in full. Nothing else overlaps or stalls.
// Source: the bit-serial interleaved cell of the paper's hardware section.
#pragma once

#include <cstdint>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::compiler {

inline constexpr int kWordCycles = 32;  // one accumulator word, bit by bit
inline constexpr int kDataCycles = 8;   // one activation byte, bit by bit
inline constexpr int kStartUp = 4;      // control and operand registers ahead of the first cell

// Cycles to bring the weights of `rows` rows into the array.
int64_t LoadCycles(const array::ArrayConfig& config, int rows);

// The tile alone, its weights already in place: weight_load and stall are 0.
array::Cycles ComputeCycles(const array::ArrayConfig& config, int64_t pixels);

// Sets the cycles of each tile of one step, in order. Returns their sum.
array::Cycles PredictCycles(const array::ArrayConfig& config, int64_t pixels,
                            std::vector<array::Tile>& tiles);

}  // namespace colonnade::compiler
