// SPDX-License-Identifier: Apache-2.0
// What Verilated models of all tops have in common.
#pragma once

#include <verilated.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace colonnade::rtl {

// For the constructor of a model that was Verilated with --x-initial unique: its registers and
// memories begin with random bits.
inline VerilatedContext* RandomBits(VerilatedContext& context, int seed) {
  context.randReset(2);
  context.randSeed(seed);
  return &context;
}

// Ports of up to 64 bits are integers, wider ones arrays of 32-bit words.
template <typename T>
void SetPort(T& port, const std::vector<uint64_t>& beats) {
  std::memset(&port, 0, sizeof port);
  std::memcpy(&port, beats.data(), std::min(sizeof port, beats.size() * 8));
}

}  // namespace colonnade::rtl
