// SPDX-License-Identifier: Apache-2.0
// server/rtl/machine.sv, simulated clock cycle by clock cycle.
#pragma once

#include <string>

#include "server/rtl/board/hosted_machine.h"

namespace colonnade::rtl {

// The array configurations that were built, by name, the first one the default.
std::string VerilatedArrays();

// FAILED_PRECONDITION for other configurations. Memories begin with random bits; the bus answers
// in the next cycle.
absl::StatusOr<std::unique_ptr<HostedMachine>> MakeVerilated(const MachineOptions& options, Bus& bus);

}  // namespace colonnade::rtl
