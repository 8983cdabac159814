// SPDX-License-Identifier: Apache-2.0
// The kernels' form of a packed matrix. An MX cell picks one byte of its group's lanes
// and multiplies it with its weight; a vector instruction that permutes bytes does that
// for a whole block of rows at once:
//
//   window    kWindow bytes of the input, at a fixed distance from the pixel
//   code      for each row of a block up to kEntries positions in the window, and the
//             weights for the bytes there; rows with fewer have zero weights
//
// One code costs one permutation and one multiply-add for each pixel. Which columns share
// a group does not matter, only which lie in one window; cells are taken in any order,
// since 32-bit sums do not depend on it.
#pragma once

#include <cstdint>
#include <vector>

#include "server/array/array_program.h"
#include "server/executors/pixel_layout.h"

namespace colonnade::executors {

// What an instruction set's permutation takes. A code is two vectors of rows * entries *
// bytes each: positions, then weights. With bytes = 2, positions and weights are 16 bits
// wide, so that the selected bytes become 16-bit numbers: the upper position is 0x80.
struct SelectionShape {
  int rows = 16;
  int window = 64;
  int entries = 4;
  int bytes = 1;
  bool joins = false;  // a permutation may take two windows; the second one's positions follow the first one's

  int code_size() const { return 2 * rows * entries * bytes; }
};

// The rows [block * shape.rows, ...) of a matrix step; vectors have shape.rows elements,
// those beyond the last row are zero. Windows with many codes appear several times: the
// first `doubles` windows have two codes each, the next `singles` one; then come `joined`
// times two windows with three codes: one of each, and one for both.
struct SelectionBlock {
  std::vector<int64_t> windows;  // bytes from the pixel at the window's upper left corner
  int64_t doubles = 0, singles = 0, joined = 0;
  std::vector<uint8_t> codes;    // in the order of windows
  std::vector<int32_t> bias, shift, residual_shift;
};

// `residual_zero_point` is taken into the biases; so is half of the last place that the
// shift drops, with `rounds`.
struct SelectionOptions {
  SelectionShape shape;
  int residual_zero_point = 0;
  bool rounds = false;
};

std::vector<SelectionBlock> Select(const array::MatrixStep& step, const PixelLayout& input,
                                   const SelectionOptions& options);

}  // namespace colonnade::executors
