// SPDX-License-Identifier: Apache-2.0
// Runs programs on a device, whatever transport it is behind, and trusts it in nothing.
//
// What goes in and what comes out is compared by checksum with what the device says it read and
// wrote. A device that does not answer, or whose bytes differ, is reset, cleared and loaded
// again, and the image is tried once more; after that the call fails. So a result is either
// right or an error:
//
//   UNAVAILABLE          hung twice, reset by somebody else twice, or gone (the only one after
//                        which the driver is of no more use: open the device anew)
//   DATA_LOSS            bytes of program, input or result arrived changed, twice
//   FAILED_PRECONDITION  no Colonnade device, another version or another array configuration
//   RESOURCE_EXHAUSTED   the program needs more than the device has
//   INTERNAL             the device refuses what cannot be refused
//
// Users do not see each other's data: a program is loaded only into memories that this driver has
// just cleared, whatever the device says of itself, and the buffer is wiped after each use.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/array/array_config.h"
#include "server/base/clock.h"
#include "server/device/device.h"
#include "server/device/registers.h"
#include "server/machine/machine_program.h"

namespace colonnade::device {

// A network as the device takes it (docs/machine_manual.md, sections 2 and 6).
struct Program {
  array::ArrayConfig config;
  machine::DeviceLimits needs;
  std::vector<uint8_t> sections;  // what a load reads, a multiple of 8 bytes
  size_t input_bytes = 0;         // what a run reads and writes, multiples of 8
  size_t result_bytes = 0;
};

Program ProgramOf(const machine::MachineProgram& program);

// Clock cycles of one run by phase, in the order of the registers: fill, stream, drain,
// weight_load and stall of the array, then vector, control, input and output.
using CycleCounters = std::array<uint32_t, kCycleCounters>;
std::string_view CycleName(int counter);

struct RunResult {
  std::vector<uint8_t> bytes;
  CycleCounters cycles = {};
};

struct DriverOptions {
  absl::Duration patience = absl::Seconds(30);       // for one command
  absl::Duration interval = absl::Milliseconds(50);  // after which a missing interrupt is doubted
  Clock clock = SystemClock();
};

// What happened since the driver was made.
struct DriverEvents {
  int64_t loads = 0, runs = 0;        // that ended well
  int64_t lost_interrupts = 0;        // a command had ended and no interrupt had come
  int64_t resets = 0;                 // the first one of each device included
  int64_t hangs = 0, data_errors = 0, foreign_resets = 0;  // of single attempts
};

// For one thread at a time.
class Driver {
 public:
  // Checks identity and resets the device; programs for `config` can be run then.
  static absl::StatusOr<std::unique_ptr<Driver>> Open(std::unique_ptr<Device> device, const array::ArrayConfig& config,
                                                      const DriverOptions& options);

  // One image. Loads the program unless this driver loaded it last and nothing happened since.
  // REQUIRES: input.size() == program->input_bytes, and program->config is that of Open().
  absl::StatusOr<RunResult> Run(const std::shared_ptr<const Program>& program, std::span<const uint8_t> input);

  const array::ArrayConfig& config() const { return config_; }
  const DriverEvents& events() const { return events_; }
  Device& device() { return *device_; }

 private:
  // Bytes of the buffer.
  struct Range {
    size_t begin = 0, bytes = 0;
  };

  Driver(std::unique_ptr<Device> device, const array::ArrayConfig& config, const DriverOptions& options)
      : config_(config), options_(options), device_(std::move(device)) {}

  absl::StatusOr<RunResult> Attempt(const std::shared_ptr<const Program>& program, std::span<const uint8_t> input);
  absl::Status Reset();
  absl::Status AwaitReset();
  absl::Status Load(const std::shared_ptr<const Program>& program);
  absl::Status RunOnce(std::span<const uint8_t> input, RunResult& result);

  absl::Status Execute(uint32_t command, Range source, Range target, uint32_t crc);
  absl::Status AwaitCompletion();
  absl::Status CheckError(uint32_t command) const;
  absl::Status CompareCrc(std::string_view what, uint32_t found, uint32_t expected) const;
  std::span<uint8_t> Bytes(Range range);
  void Count(const absl::Status& status);

  const array::ArrayConfig config_;
  const DriverOptions options_;
  const std::unique_ptr<Device> device_;
  DriverEvents events_;
  bool trusted_ = false;       // reset by us, and nothing unexpected since
  uint32_t completion_ = 0;    // where the device's index has to stand
  std::shared_ptr<const Program> loaded_;
};

}  // namespace colonnade::device
