// SPDX-License-Identifier: Apache-2.0
// A program on the Verilated machine core, in lockstep with the reference executor: each tensor,
// the result, and the counters of cycles.
//
// A tensor is read back by a run that ends after its step: the same program with another header,
// which names the tensor as the last one. So nothing but the core's own ports is looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "server/array/array_program.h"
#include "server/machine/machine_program.h"
#include "tests/rtl/machine/core_bench.h"

namespace colonnade::rtl {

// Where core and reference first differ.
struct Divergence {
  std::string layer;
  int tile = -1;  // the last one of the row block, within the step; -1 outside matrix steps
  int row = -1;   // of the array
  int channel = 0, pixel = 0;
  int64_t cycle = 0;  // of the step, in which the value is written; by the schedule
  int64_t expected = 0, found = 0;
};

std::string ToString(const Divergence& divergence);

// What a core of this shape has, in the models that the cosimulation builds.
machine::DeviceLimits LimitsOf(const MachineShape& shape);

class CoreCosim {
 public:
  explicit CoreCosim(const MachineShape& shape) : bench_(shape, 1) {}

  // Loads the program, over whatever the memories hold.
  void Load(std::shared_ptr<const array::ArrayProgram> program, const machine::MachineProgram& lowered);

  // Another word of the steps, weights and so on, as a fault would leave it.
  void Corrupt(machine::MemoryId memory, int word, int bit);

  // Nothing when the result and, if asked for, every tensor are the reference's. A run per tensor.
  std::optional<Divergence> FirstDivergence(std::span<const uint8_t> image, bool every_tensor = true);

  // "" when a run's nine counters are as predicted and add up to the run; else which one is not. Of
  // 8 cycles, in `stalls` the host has no input and takes no output.
  std::string WrongCounter(std::span<const uint8_t> image, int stalls);

 private:
  CoreRun RunUntil(int step, std::span<const uint8_t> image, int stalls);
  std::vector<int32_t> ResultUntil(int step, std::span<const uint8_t> image);
  machine::MachineProgram EndingAfter(int step) const;
  Divergence At(int tensor, int index) const;

  CoreBench bench_;
  std::shared_ptr<const array::ArrayProgram> program_;
  machine::MachineProgram lowered_;
};

}  // namespace colonnade::rtl
