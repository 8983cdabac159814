// SPDX-License-Identifier: Apache-2.0
// The Verilated compact machine behind its pins: what a host would do at the serial port.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/machine/compact_image.h"
#include "tests/rtl/compact/compact_device.h"

namespace colonnade {

class CompactBench {
 public:
  CompactBench();

  void LoadProgram(const machine::CompactImage& compact);

  // One image, from its bytes to its logits. `disturbed`: while it runs the host writes to program and banks,
  // reads, and starts.
  std::vector<int32_t> Run(const machine::CompactImage& compact, std::span<const uint8_t> image,
                           bool disturbed = false);

  // Writes and starts, and resets after so many cycles.
  void StartAndReset(const machine::CompactImage& compact, std::span<const uint8_t> image, int64_t cycles);

  // Of the last run: cycles in which the machine was busy, and those that image and logits took at the port.
  int64_t busy_cycles() const { return busy_cycles_; }
  int64_t port_cycles() const { return port_cycles_; }

 private:
  enum Target { kBank0 = 0, kProgram = 2, kBank1 = 4 };

  void Tick();
  uint16_t Transfer(uint16_t word, int half_period);
  void Begin(int command, int address, int half_period);
  void Select(bool selected);
  void Write(int target, int address, std::span<const uint16_t> words);
  std::vector<uint16_t> Read(int target, int address, int words);
  void WriteImage(const machine::CompactImage& compact, std::span<const uint8_t> image);
  void Reset();
  void Start();
  void Disturb();

  const std::unique_ptr<CompactDevice> device_ = MakeCompactDevice();
  CompactPins pins_;
  int program_ = 0;  // its address
  int64_t cycles_ = 0;
  int64_t busy_cycles_ = 0, port_cycles_ = 0;
};

}  // namespace colonnade
