// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sums.h"

namespace colonnade::executors {

void TileSums::Serialize(int turn, int64_t offset, uint32_t* wires) const {
  for (int row = 0; row < rows_; ++row, --offset) {
    const int64_t pixel = Pixel(turn, offset);
    if (pixel + interleave_ < 0 || pixel >= pixels_) continue;
    const uint32_t* const low = Row(row) + pixel;
    wires[row] |= static_cast<uint32_t>((uint64_t{low[interleave_]} << 32 | *low) >> (offset & 31));
  }
}

void TileSums::Collect(int turn, int64_t offset, const uint32_t* wires, int count) {
  const uint32_t mask = ~uint32_t{0} >> (32 - count);
  const bool all_inside = Pixel(turn, offset - (rows_ - 1)) >= 0 && Pixel(turn, offset) + interleave_ < pixels_;
  for (int row = 0; row < rows_; ++row, --offset) {
    const int64_t pixel = Pixel(turn, offset);
    const uint64_t bits = uint64_t{wires[row] & mask} << (offset & 31);
    uint32_t* const low = Row(row) + pixel;
    if (all_inside || (0 <= pixel && pixel < pixels_)) *low |= static_cast<uint32_t>(bits);
    const int64_t next = pixel + interleave_;
    if (all_inside || (0 <= next && next < pixels_)) low[interleave_] |= static_cast<uint32_t>(bits >> 32);
  }
}

}  // namespace colonnade::executors
