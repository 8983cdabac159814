// SPDX-License-Identifier: Apache-2.0
// The Verilated chain of two arrays, in every shape that the tests build.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/compiler/pipelining.h"
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {

struct ChainShape {
  compiler::ArraySize first, second;
  int alpha = 8, interleave = 4;

  friend bool operator==(const ChainShape&, const ChainShape&) = default;
};

// The same in all models.
inline constexpr int kImageChannels = 16;
inline constexpr int kImagePositions = 128;
inline constexpr int kBufferPositions = 32;
inline constexpr int kOutputPositions = 128;

// The ports of chained_arrays.sv, by the same names.
class ChainDevice {
 public:
  virtual ~ChainDevice() = default;
  virtual void Evaluate() = 0;
  virtual void SetClock(bool high) = 0;
  virtual void SetReset(bool on) = 0;
  virtual void SetLoad(bool on, int array, int memory, int address, const MemoryWord& word) = 0;
  virtual void SetStart(bool on) = 0;
  virtual bool busy() = 0;
  virtual int64_t first_word(int array) = 0;
  virtual int64_t last_output(int array) = 0;
  virtual void SetRead(bool on, int position) = 0;
  virtual std::vector<uint8_t> read_word() = 0;  // one byte per channel
};

// Different and not square; both interleaves; one and two feed ports and groups of rows.
std::vector<ChainShape> ChainShapes();

// Registers and memories begin with random bits. REQUIRES: `shape` is among ChainShapes().
std::unique_ptr<ChainDevice> MakeChainDevice(const ChainShape& shape, int seed);

}  // namespace colonnade::rtl
