// SPDX-License-Identifier: Apache-2.0
// The Verilated top with a memory on its bus, and the host's part of the protocol of
// docs/machine_manual.md, section 6.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/rtl/machine/bus_memory.h"
#include "tests/rtl/machine/machine_shape.h"

namespace colonnade::rtl {

// Offsets of registers.
enum Register : int {
  kControl = 0x00,
  kIdentification = 0x10,
  kVersion = 0x14,
  kDigestLow = 0x18,
  kDigestHigh = 0x1c,
  kChannels = 0x20,
  kPositions = 0x24,
  kDepths = 0x28,
  kPixels = 0x44,
  kTiles = 0x48,
  kCommand = 0x50,
  kSource = 0x54,
  kSourceBytes = 0x5c,
  kTarget = 0x60,
  kTargetBytes = 0x68,
  kExpectedCrc = 0x6c,
  kSubmit = 0x70,
  kCompletion = 0x74,
  kError = 0x78,
  kStatus = 0x7c,
  kInterruptEnable = 0x80,
  kInterruptPending = 0x84,
  kSourceCrc = 0x88,
  kTargetCrc = 0x8c,
  kCycles = 0x90,
  kHeartbeat = 0xb4,
};

enum Command : uint32_t { kClear = 1, kLoad = 2, kRun = 3 };

// STATUS
inline constexpr uint32_t kBusy = 1, kIsClear = 2, kIsLoaded = 4;

class MachineDevice;

class MachineBench {
 public:
  explicit MachineBench(int seed);
  ~MachineBench();

  static MachineShape shape();
  BusMemory& memory() { return memory_; }
  bool interrupt() const;

  void Cycles(int count);
  uint32_t Read(int offset);
  void Write(int offset, uint32_t value, int strobes = 15);
  // Cycles that the host lets an answer of the register bus wait.
  void set_host_waits(int cycles) { host_waits_ = cycles; }
  void PowerOn();
  // CONTROL, then until the machine is not busy.
  void Reset();

  // Buffers are at these byte addresses of the memory.
  static constexpr uint64_t kProgramAt = 0x100, kInputAt = 0x10ff8, kOutputAt = 0x20f80;

  void PutProgram(const std::vector<uint64_t>& program);
  void PutInput(const std::vector<uint8_t>& input);
  void Submit(Command command, uint32_t source_bytes, uint32_t target_bytes, uint32_t crc = 0);
  // Until COMPLETION counts it. Returns ERROR.
  uint32_t Wait();
  uint32_t Do(Command command, uint32_t source_bytes = 0, uint32_t target_bytes = 0, uint32_t crc = 0);
  bool timed_out() const { return timed_out_; }

 private:
  void Cycle();

  std::unique_ptr<MachineDevice> device_;
  BusMemory memory_;
  uint32_t submitted_ = 0;
  bool timed_out_ = false;
  int host_waits_ = 0;
};

}  // namespace colonnade::rtl
