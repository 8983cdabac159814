// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {

MemoryWord& MemoryWord::Put(int low, int width, uint64_t value) {
  for (int bit = low; bit < low + width; ++bit) {
    const uint64_t mask = uint64_t{1} << bit % 64;
    beats_[bit / 64] = value >> (bit - low) & 1 ? beats_[bit / 64] | mask : beats_[bit / 64] & ~mask;
  }
  return *this;
}

uint64_t MemoryWord::Get(int low, int width) const {
  uint64_t value = 0;
  for (int bit = low; bit < low + width; ++bit) value |= (beats_[bit / 64] >> bit % 64 & 1) << (bit - low);
  return value;
}

std::vector<uint64_t> Serialize(const ProgramImage& image) {
  std::vector<uint64_t> stream;
  for (uint64_t id = 1; id < 7; ++id) {
    const auto& words = image.memories[id];
    if (words.empty()) continue;
    stream.push_back(id | uint64_t{words.size()} << 32);
    for (const MemoryWord& word : words) stream.insert(stream.end(), word.beats().begin(), word.beats().end());
  }
  return stream;
}

uint32_t Crc32(const std::vector<uint64_t>& words) {
  uint32_t crc = ~uint32_t{0};
  for (const uint64_t word : words) {
    for (int bit = 0; bit < 64; ++bit) {
      const bool out = (crc ^ static_cast<uint32_t>(word >> bit)) & 1;
      crc = crc >> 1 ^ (out ? 0xedb88320u : 0);
    }
  }
  return ~crc;
}

}  // namespace colonnade::rtl
