// SPDX-License-Identifier: Apache-2.0
// A hosted machine that does one thing wrong, a number of times, and is right otherwise. What it
// does to registers, bus and interrupt is done outside the machine, so that any can be hosted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/rtl/board/hosted_machine.h"

namespace colonnade {

enum class Fault {
  kNone,
  kLostInterrupt,   // a command ends without an interrupt
  kHang,            // a run stops for ever
  kShortRead,       // a run sees zeros instead of the input's last 8 bytes
  kShortWrite,      // the result's last 8 bytes never reach the buffer
  kIdentification,  // the registers say something else
  kVersion,
  kDigest,
  kProgramBit,  // one bit of a load, of a run's input or of its result changes on its way
  kInputBit,
  kResultBit,
  kReset,      // somebody resets the machine during a run
  kBusError,   // the bus answers a run with an error
  kDeath,      // the board's process ends during a run
  kWrongCycles,  // counters are one cycle off
};

// "none", "lost_interrupt", ...: all that ParseFault() understands.
std::vector<std::string> FaultNames();
absl::StatusOr<Fault> ParseFault(const std::string& name);

// The first `times` commands to which it applies go wrong. Registers that say something wrong
// always do.
std::unique_ptr<rtl::HostedMachine> MakeFaulty(Fault fault, int times, const rtl::MachineMaker& make,
                                               const rtl::MachineOptions& options, rtl::Bus& bus);

}  // namespace colonnade
