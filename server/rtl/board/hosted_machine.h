// SPDX-License-Identifier: Apache-2.0
// A machine as the board hosts it: the ports of server/rtl/machine.sv in terms of transfers.
// verilated_machine.cc is the hardware's own source, simulated; tests host other ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/array/array_config.h"

namespace colonnade::rtl {

// Memory of the host, as a machine reaches it by itself. Addresses are multiples of 8; what is
// not there is answered with an error (nothing, false).
class Bus {
 public:
  virtual ~Bus() = default;
  virtual std::optional<uint64_t> Read(uint64_t address) = 0;
  // The bytes of the word, lowest first, whose bit in `strobes` is set.
  virtual bool Write(uint64_t address, uint64_t word, uint8_t strobes) = 0;
};

class HostedMachine {
 public:
  virtual ~HostedMachine() = default;

  // A register of device/registers.h. May take clock cycles.
  virtual uint32_t ReadRegister(uint32_t offset) = 0;
  virtual void WriteRegister(uint32_t offset, uint32_t value) = 0;

  // Lets at most `cycles` >= 1 clock cycles pass, fewer when it comes to rest before.
  virtual void Advance(int cycles) = 0;

  // The interrupt's level.
  virtual bool interrupt() = 0;
};

struct MachineOptions {
  array::ArrayConfig config;
  std::string trace;  // file for the waveform of a layer; empty for none
  int layer = 0;      // step of the program, counted from 0
};

// FAILED_PRECONDITION when there is no machine for these options here, and says what there is.
// `bus` outlives the machine.
using MachineMaker = std::function<absl::StatusOr<std::unique_ptr<HostedMachine>>(const MachineOptions&, Bus& bus)>;

}  // namespace colonnade::rtl
