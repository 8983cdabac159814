// SPDX-License-Identifier: Apache-2.0
// The inner loops of the search, once per instruction set. All give the same bits: they
// only compare and add, and sums are taken in the same sixteen parts everywhere.
#pragma once

#include <cstddef>
#include <vector>

namespace colonnade::packing {

// From the oldest to the newest; kPortable runs anywhere.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Rows are padded with zeros to a multiple of this.
inline constexpr int kRowsTogether = 16;
inline constexpr size_t kSearchAlignment = 64;  // bytes

// Zeros, aligned for the loops. T takes four bytes.
template <typename T>
class AlignedArray {
 public:
  explicit AlignedArray(size_t size) : blocks_(size / kRowsTogether + 1) {}

  T* data() { return blocks_[0].values; }
  const T* data() const { return blocks_[0].values; }

 private:
  struct alignas(kSearchAlignment) Block {
    T values[kRowsTogether] = {};
  };
  std::vector<Block> blocks_;
};

// Functions are pure but for what they are told to write; thread-safe.
struct SearchLoops {
  // sums[i] = sum over rows of max(a[row], b[i][row]), for i < count; b is [count][rows].
  // What group a would keep if column b[i] joined it.
  // REQUIRES: rows is a multiple of kRowsTogether; a and b are aligned; no value is NaN.
  void (*sums_of_maxima)(const float* a, const float* b, int count, int rows, float* sums);

  // Where best + least < by + steps[i], takes it: best[i] = by + steps[i], via[i] = from,
  // for i < count. Returns whether any was.
  // REQUIRES: count is a multiple of kRowsTogether; steps, best and via are aligned.
  bool (*relax)(float by, float least, const float* steps, int from, int count, float* best, int* via);
};

// Whether this processor has the instruction set.
bool IsSupported(InstructionSet set);

// REQUIRES: IsSupported(set).
const SearchLoops& LoopsOf(InstructionSet set);

// The newest this processor has.
const SearchLoops& BestLoops();

}  // namespace colonnade::packing
