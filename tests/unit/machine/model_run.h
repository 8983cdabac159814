// SPDX-License-Identifier: Apache-2.0
// Programs lowered and run on the machine's model, compared with the reference executor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/array/array_program.h"
#include "server/machine/lower.h"
#include "tests/support/machine_model.h"
#include "tests/support/random_packed.h"

namespace colonnade::machine {

// Room for everything that random programs need.
inline DeviceLimits AmpleLimits() {
  return {128, 1 << 16, 1 << 20, 1 << 20, 1 << 16, 1 << 16, 1 << 12, 1 << 12, 1 << 10, 1 << 16, 1 << 16};
}

// Fails the test when the network does not compile.
std::shared_ptr<const array::ArrayProgram> CompileRandom(const RandomPacked& random);

// The program's image, loaded into a model of the least device that it needs.
MachineModel Loaded(const MachineProgram& program);

// "" when the model gives each tensor and the result that the reference executor gives for this
// image; else the first difference.
std::string FirstDifference(const std::shared_ptr<const array::ArrayProgram>& program, const MachineProgram& lowered,
                            MachineModel& model, std::span<const uint8_t> image);

// Why a device with ample room would refuse the program, by FieldOf() the refusal: worked out from the
// program alone. Empty for a program that runs.
std::vector<std::string> Refusals(const array::ArrayProgram& program, const DeviceLimits& limits);

// "" when no two tensors that live in the same step share a byte; else their names. Lives are worked
// out from the program alone.
std::string SharedBytes(const array::ArrayProgram& program, const MachineProgram& lowered);

}  // namespace colonnade::machine
