// SPDX-License-Identifier: Apache-2.0
// A MachineProgram as the bytes that a device loads (docs/machine_manual.md, section 6).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/machine/machine_program.h"

namespace colonnade::machine {

// CRC-32 as zlib's, of the bytes in their order.
uint32_t Crc32(std::span<const uint8_t> bytes);

struct ProgramImage {
  std::vector<uint8_t> bytes;  // a multiple of 8
  uint32_t crc32 = 0;          // of all bytes: the register EXPECTED_CRC
};

// One section per memory that has words, in the order of their numbers: a header of 64 bits (7:0
// memory, 31:8 first word, 63:32 words), then the words, each padded to a multiple of 64 bits.
// Little-endian throughout.
ProgramImage EncodeImage(const MachineProgram& program);

}  // namespace colonnade::machine
