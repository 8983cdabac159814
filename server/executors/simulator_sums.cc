// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sums.h"

namespace colonnade::executors {

TileSums::TileSums(int rows, int64_t pixels, int interleave)
    : rows_(rows), interleave_(interleave), pixels_(pixels), stride_(pixels + 3 * interleave), words_(rows * stride_) {}

uint32_t TileSums::Bits(int row, int turn, int64_t offset) const {
  const int64_t pixel = (offset >> 5) * interleave_ + turn;
  if (pixel + interleave_ < 0 || pixel >= pixels_) return 0;
  const uint32_t* const low = Row(row) + pixel;
  return static_cast<uint32_t>((uint64_t{low[interleave_]} << 32 | *low) >> (offset & 31));
}

void TileSums::Collect(int row, int turn, int64_t offset, uint32_t bits, int count) {
  const int64_t pixel = (offset >> 5) * interleave_ + turn;
  const uint64_t placed = (bits & (~uint64_t{0} >> (64 - count))) << (offset & 31);
  const auto add = [&](int64_t at, uint64_t part) {
    if (0 <= at && at < pixels_) Row(row)[at] |= static_cast<uint32_t>(part);
  };
  add(pixel, placed);
  add(pixel + interleave_, placed >> 32);
}

}  // namespace colonnade::executors
