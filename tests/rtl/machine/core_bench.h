// SPDX-License-Identifier: Apache-2.0
// Runs programs on the Verilated machine core: loads its memories, streams input and results.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/rtl/machine/machine_shape.h"
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {

// The ports of machine_core.sv, by the same names.
class CoreDevice {
 public:
  virtual ~CoreDevice() = default;
  virtual void Evaluate() = 0;
  virtual void SetClock(bool high) = 0;
  virtual void SetReset(bool on) = 0;
  virtual void SetClear(bool on) = 0;
  virtual bool clearing() = 0;
  virtual void SetLoad(bool on, int memory, int address, const std::vector<uint64_t>& beats) = 0;
  virtual void SetStart(bool on) = 0;
  virtual bool busy() = 0;
  virtual bool wants_input() = 0;
  virtual uint32_t input_words() = 0;
  virtual uint32_t output_words() = 0;
  virtual void SetInput(bool valid, uint64_t word) = 0;
  virtual bool output_valid() = 0;
  virtual uint64_t output_word() = 0;
  virtual void SetOutputTaken(bool taken) = 0;
  virtual uint32_t cycles(int counter) = 0;
};

// Registers and memories begin with random bits. REQUIRES: `shape` is among MachineShapes().
std::unique_ptr<CoreDevice> MakeCoreDevice(const MachineShape& shape, int seed);

struct CoreRun {
  bool timed_out = false;
  uint32_t input_words = 0, output_words = 0;  // of 64 bits, as the core says
  std::vector<uint64_t> output;
  int64_t total_cycles = 0;            // while busy
  std::array<int64_t, 9> cycles = {};  // the core's counters, in the order of the registers
};

class CoreBench {
 public:
  CoreBench(const MachineShape& shape, int seed);

  void Clear();
  void Load(const ProgramImage& image);
  // `stalls` of 8 cycles no input is offered and no output taken. After `longest` cycles it times out.
  CoreRun Run(const std::vector<uint8_t>& input, int stalls, int64_t longest = 200'000);

 private:
  void Cycle();
  bool Stalls(int stalls);
  void DriveStreams(const std::vector<uint8_t>& input, size_t& sent, int stalls, CoreRun& run);

  MachineShape shape_;
  std::unique_ptr<CoreDevice> device_;
  uint64_t junk_;
};

}  // namespace colonnade::rtl
