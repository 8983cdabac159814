// SPDX-License-Identifier: Apache-2.0
// A model of a machine for tests of what is around it: its results depend on every bit of the
// program and of the input, and can be told beforehand, but are no network's.
#pragma once

#include <map>
#include <utility>

#include "server/device/driver.h"
#include "tests/support/register_protocol.h"

namespace colonnade {

// What the model of this array has.
machine::DeviceLimits MixingLimits();

// A program of pseudo-random words in all memories, with this many results. Different seeds
// give different programs.
device::Program MixingProgram(const array::ArrayConfig& config, int seed, int positions = 4, int results = 10);

class MixingModel final : public FunctionalModel {
 public:
  explicit MixingModel(const array::ArrayConfig& config) : config_(config) {}

  void Clear() override { words_.clear(); }
  int WordBits(int memory) const override;
  void Write(int memory, int64_t word, std::span<const uint64_t> bits) override;
  size_t input_bytes() const override;
  size_t result_bytes() const override;
  Result Run(std::span<const uint8_t> input) override;

 private:
  uint32_t Header(int word) const;

  const array::ArrayConfig config_;
  std::map<std::pair<int, int64_t>, std::vector<uint64_t>> words_;  // by memory and word
};

// What a device with a MixingModel gives when nothing goes wrong.
std::vector<uint8_t> MixingResult(const device::Program& program, std::span<const uint8_t> input);

}  // namespace colonnade
