// SPDX-License-Identifier: Apache-2.0
// The register block of docs/machine_manual.md, section 6, in front of a model of the rest: what
// colonnade-board hosts in tests that are about registers, buffers and faults, and that need no
// clocked hardware.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "server/device/registers.h"
#include "server/machine/device_limits.h"
#include "server/rtl/board/hosted_machine.h"

namespace colonnade {

// Memories and what a run makes of them.
class FunctionalModel {
 public:
  struct Result {
    std::vector<uint8_t> bytes;
    std::array<uint32_t, device::kCycleCounters> cycles = {};
  };

  virtual ~FunctionalModel() = default;
  virtual void Clear() = 0;
  // Bits of a word of memories 1 to 6.
  virtual int WordBits(int memory) const = 0;
  // The word's bits, lowest first, padded with zeros. REQUIRES: the word exists.
  virtual void Write(int memory, int64_t word, std::span<const uint64_t> bits) = 0;
  // Of the loaded program.
  virtual size_t input_bytes() const = 0;
  virtual size_t result_bytes() const = 0;
  virtual Result Run(std::span<const uint8_t> input) = 0;
};

// Commands take `busy` cycles; what they do happens at their end.
class RegisterProtocol final : public rtl::HostedMachine {
 public:
  RegisterProtocol(const array::ArrayConfig& config, const machine::DeviceLimits& limits,
                   std::unique_ptr<FunctionalModel> model, rtl::Bus& bus, int busy = 1);

  uint32_t ReadRegister(uint32_t offset) override { return registers_[offset / 4]; }
  void WriteRegister(uint32_t offset, uint32_t value) override;
  void Advance(int cycles) override;
  bool interrupt() override;

 private:
  uint32_t& Register(uint32_t offset) { return registers_[offset / 4]; }
  uint64_t Address(uint32_t offset) { return Register(offset) | uint64_t{Register(offset + 4)} << 32; }
  void SetStatus(uint32_t bit, bool on);
  void Reset();
  uint32_t Execute();
  uint32_t Load();
  uint32_t LoadSections(std::span<const uint64_t> words);
  uint32_t Run();
  bool ReadSource(std::vector<uint64_t>& words);
  bool WriteTarget(std::span<const uint8_t> bytes);

  const std::unique_ptr<FunctionalModel> model_;
  rtl::Bus& bus_;
  const int busy_;
  std::array<uint32_t, device::kEndOfRegisters / 4> registers_ = {};
  int64_t left_ = 0;  // cycles of the command that is under way
  uint64_t clock_ = 0;
};

}  // namespace colonnade
