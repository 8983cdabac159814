// SPDX-License-Identifier: Apache-2.0
// The contents of a machine's memories, bit by bit as docs/machine_manual.md, section 2, has them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace colonnade::rtl {

// A memory word, in beats of 64 bits, the lowest first. Bits that are not set are 0.
class MemoryWord {
 public:
  explicit MemoryWord(int bits) : beats_((bits + 63) / 64) {}
  MemoryWord& Put(int low, int width, uint64_t value);
  uint64_t Get(int low, int width) const;
  const std::vector<uint64_t>& beats() const { return beats_; }

 private:
  std::vector<uint64_t> beats_;
};

struct ProgramImage {
  std::array<std::vector<MemoryWord>, 8> memories;  // from word 0 on, by memory id
};

// As the host loads it: a section per memory that is not empty.
std::vector<uint64_t> Serialize(const ProgramImage& image);

// CRC-32 of the words' bytes, as in zlib, bit by bit.
uint32_t Crc32(const std::vector<uint64_t>& words);

}  // namespace colonnade::rtl
