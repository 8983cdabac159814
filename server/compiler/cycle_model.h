// SPDX-License-Identifier: Apache-2.0
// Cycles of a step in closed form: docs/array_manual.md, section 8. For an array of R
// rows and C columns, word time W (8 at interleave 4, 32 at interleave 1), P output
// pixels and tiles that use n of the rows:
//
//   fill         C + 3                        once, the first tile's
//   stream       W * P                        per tile
//   weight_load  n                            the first tile
//                max(0, R + C + 2 + n - W*P)  others, two weight buffers
//                R + C + 35 + n - W           others, one weight buffer
//   stall        max(0, C + 34 - W*P - weight_load)
//                                             tiles that continue the sums of the one before
//   drain        R + 35 - W                   once, the last tile's
//
// array::Check derives the same from the schedule, cycle by cycle the RTL counts the same.
#pragma once

#include <cstdint>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::compiler {

// Sets the cycles of each tile of one step, in order. Returns their sum.
array::Cycles PredictCycles(const array::ArrayConfig& config, int64_t pixels, std::vector<array::Tile>& tiles);

// The part of it that is arithmetic: W * P per tile. What the rest is compared with.
int64_t IdealCycles(const array::ArrayConfig& config, int64_t pixels, int64_t tiles);

}  // namespace colonnade::compiler
