// SPDX-License-Identifier: Apache-2.0
#include "server/machine/encode_image.h"

#include <zlib.h>

namespace colonnade::machine {
namespace {

void Append(uint64_t value, std::vector<uint8_t>& bytes) {
  for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<uint8_t>(value >> (8 * byte)));
}

void AppendSection(int memory, const MemoryWords& words, std::vector<uint8_t>& bytes) {
  if (words.bits.empty()) return;
  Append(static_cast<uint64_t>(words.count()) << 32 | static_cast<uint64_t>(memory), bytes);
  for (const uint64_t bits : words.bits) Append(bits, bytes);
}

}  // namespace

uint32_t Crc32(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size()));
}

ProgramImage EncodeImage(const MachineProgram& program) {
  ProgramImage image;
  for (int memory = 0; memory < kMemories; ++memory) AppendSection(memory, program.memories[memory], image.bytes);
  image.crc32 = Crc32(image.bytes);
  return image;
}

}  // namespace colonnade::machine
