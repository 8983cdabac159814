// SPDX-License-Identifier: Apache-2.0
// Fields of a memory's word (docs/machine_manual.md, section 2).
#pragma once

#include <cassert>
#include <cstdint>
#include <span>

namespace colonnade::machine {

// `value` in `bits` bits (at most 32) from bit `low` on; they were 0 before.
// REQUIRES: the value fits, and the word has these bits.
inline void SetBits(std::span<uint64_t> word, int low, int bits, uint64_t value) {
  assert(bits <= 32 && value >> bits == 0);
  word[low / 64] |= value << (low % 64);
  if (low % 64 + bits > 64) word[low / 64 + 1] |= value >> (64 - low % 64);
}

// A number in two's complement of `bits` bits.
inline uint32_t TwosComplement(int64_t value, int bits) {
  return static_cast<uint32_t>(static_cast<uint64_t>(value) & ((uint64_t{1} << bits) - 1));
}

}  // namespace colonnade::machine
