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

  // 32 bits of a row's turn, the first of them `offset` bits after the turn's first word
  // begins; zeros before and after its words.
  uint32_t Bits(int row, int turn, int64_t offset) const {
    const int64_t pixel = (offset >> 5) * interleave_ + turn;
    if (pixel + interleave_ < 0 || pixel >= pixels_) return 0;
    const uint32_t* const low = Row(row) + pixel;
    return static_cast<uint32_t>((uint64_t{low[interleave_]} << 32 | *low) >> (offset & 31));
  }

  // Adds the low `count` of `bits` at the same place; those outside of the words are dropped.
  void Collect(int row, int turn, int64_t offset, uint32_t bits, int count) {
    const int64_t pixel = (offset >> 5) * interleave_ + turn;
    const uint64_t placed = (bits & (~uint64_t{0} >> (64 - count))) << (offset & 31);
    const auto add = [&](int64_t at, uint64_t part) {
      if (0 <= at && at < pixels_) Row(row)[at] |= static_cast<uint32_t>(part);
    };
    add(pixel, placed);
    add(pixel + interleave_, placed >> 32);
  }

 private:
  const uint32_t* Row(int row) const { return words_.data() + row * stride_ + interleave_; }
  uint32_t* Row(int row) { return words_.data() + row * stride_ + interleave_; }

  const int rows_, interleave_;
  const int64_t pixels_, stride_;  // rows have zeros before and after them
  std::vector<uint32_t> words_;
};

}  // namespace colonnade::executors
