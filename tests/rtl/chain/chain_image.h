// SPDX-License-Identifier: Apache-2.0
// A layer as an array of the chain takes it, bit by bit as docs/machine_manual.md has it.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/rtl/chain/chain_pair.h"
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {

// Memories 1 weights, 2 columns, 3 rows and 5 the step, of layer `index`. Bits that mean nothing
// are random.
ProgramImage EncodeLayer(const ChainPair& pair, int index, const compiler::ArraySize& array, uint64_t seed);

// Position by position, of an image of bytes channel by channel.
std::vector<MemoryWord> EncodePositions(const ChainPair& pair, const std::vector<uint8_t>& image, uint64_t seed);

}  // namespace colonnade::rtl
