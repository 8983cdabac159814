// SPDX-License-Identifier: Apache-2.0
// Sums as words and as bits: what the serializers at the array's left edge send, and what
// the shift registers at its right edge collect (docs/array_manual.md, sections 5 and 6).
#pragma once

#include <cstdint>
#include <vector>

namespace colonnade::executors {

// One 32-bit sum per row and pixel of a tile. Pixel p is in turn p mod interleave: words of
// one turn follow each other without a gap, 32 bits each. Starts with zeros.
class TileSums {
 public:
  TileSums(int rows, int64_t pixels, int interleave)
      : rows_(rows),
        interleave_(interleave),
        pixels_(pixels),
        stride_(pixels + 3 * interleave),
        words_(rows * stride_) {}

  int rows() const { return rows_; }

  int32_t Get(int row, int64_t pixel) const { return static_cast<int32_t>(Row(row)[pixel]); }
  void Set(int row, int64_t pixel, int32_t sum) { Row(row)[pixel] = static_cast<uint32_t>(sum); }

  // Adds to `wires` (by row) 32 bits of each row's turn. Row 0's first bit is `offset` bits
  // after the turn's first word begins, each further row's one bit earlier; zeros before and
  // after the words.
  void Serialize(int turn, int64_t offset, uint32_t* wires) const;

  // Adds the low `count` bits of `wires` at the same places; those outside of the words are
  // dropped.
  void Collect(int turn, int64_t offset, const uint32_t* wires, int count);

 private:
  int64_t Pixel(int turn, int64_t offset) const { return (offset >> 5) * interleave_ + turn; }
  const uint32_t* Row(int row) const { return words_.data() + row * stride_ + interleave_; }
  uint32_t* Row(int row) { return words_.data() + row * stride_ + interleave_; }

  const int rows_, interleave_;
  const int64_t pixels_, stride_;  // rows have zeros before and after them
  std::vector<uint32_t> words_;
};

}  // namespace colonnade::executors
