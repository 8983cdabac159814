// SPDX-License-Identifier: Apache-2.0
#include "server/device/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/base/status.h"
#include "server/device/identity.h"
#include "server/device/limits.h"
#include "server/machine/encode_image.h"

namespace colonnade::device {
namespace {

using machine::Crc32;

constexpr int kAttempts = 2;

constexpr std::array<std::string_view, kCycleCounters> kCycleNames = {
    "fill", "stream", "drain", "weight_load", "stall", "vector", "control", "input", "output"};

// Within the driver: DEADLINE_EXCEEDED for a hang, DATA_LOSS for changed bytes, ABORTED for a
// reset that was not ours. All three are worth another attempt.
bool MayPass(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status) || absl::IsAborted(status);
}

absl::Status Final(const absl::Status& status) {
  if (!absl::IsDeadlineExceeded(status) && !absl::IsAborted(status)) return status;
  return absl::UnavailableError(fmt::format("{}, {} times", Message(status), kAttempts));
}

size_t Align(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

std::string_view CycleName(int counter) { return kCycleNames[size_t(counter)]; }

Program ProgramOf(const machine::MachineProgram& program) {
  return {program.config, program.needs, machine::EncodeImage(program).bytes, size_t(program.input_bytes()),
          size_t(program.output_bytes())};
}

absl::StatusOr<std::unique_ptr<Driver>> Driver::Open(std::unique_ptr<Device> device, const array::ArrayConfig& config,
                                                     const DriverOptions& options) {
  COLONNADE_RETURN_IF_ERROR(CheckIdentity(*device, config));
  return std::unique_ptr<Driver>(new Driver(std::move(device), config, options));
}

absl::StatusOr<RunResult> Driver::Run(const std::shared_ptr<const Program>& program, std::span<const uint8_t> input) {
  absl::StatusOr<RunResult> result;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    result = Attempt(program, input);
    if (result.ok()) return result;
    Count(result.status());
    trusted_ = false;
    if (!MayPass(result.status())) break;
  }
  return Annotate(Final(result.status()), fmt::format("device {}", device_->name()));
}

absl::StatusOr<RunResult> Driver::Attempt(const std::shared_ptr<const Program>& program,
                                          std::span<const uint8_t> input) {
  if (!trusted_) COLONNADE_RETURN_IF_ERROR(Reset());
  if (loaded_ != program) COLONNADE_RETURN_IF_ERROR(Load(program));
  RunResult result;
  COLONNADE_RETURN_IF_ERROR(RunOnce(input, result));
  ++events_.runs;
  return result;
}

absl::Status Driver::Reset() {
  loaded_ = nullptr;
  ++events_.resets;
  device_->Reset();
  COLONNADE_RETURN_IF_ERROR(AwaitReset());
  COLONNADE_RETURN_IF_ERROR(CheckIdentity(*device_, config_));
  device_->Write32(kInterruptEnable, 1);
  completion_ = 0;
  trusted_ = true;
  return absl::OkStatus();
}

// Registers of hardware are reset at once; a board process has to come round to it.
absl::Status Driver::AwaitReset() {
  const absl::Time deadline = options_.clock() + options_.patience;
  while (device_->Read32(kControl) != 0 || device_->Read32(kCompletion) != 0 || device_->Read32(kStatus) & kBusy) {
    if (options_.clock() >= deadline) {
      return absl::DeadlineExceededError(
          fmt::format("did not reset itself within {}", absl::FormatDuration(options_.patience)));
    }
    COLONNADE_RETURN_IF_ERROR(device_->WaitForInterrupt(std::min(options_.interval, absl::Milliseconds(1))).status());
  }
  return absl::OkStatus();
}

absl::Status Driver::Load(const std::shared_ptr<const Program>& program) {
  COLONNADE_RETURN_IF_ERROR(CheckFits(program->needs, ReadLimits(*device_)));
  const size_t needed =
      std::max(program->sections.size(), Align(program->input_bytes) + program->result_bytes);
  if (needed > device_->buffer().bytes.size()) {
    return absl::ResourceExhaustedError(fmt::format("the program needs a buffer of {} bytes; the device has {}", needed,
                                                    device_->buffer().bytes.size()));
  }
  loaded_ = nullptr;
  COLONNADE_RETURN_IF_ERROR(Execute(kClear, {}, {}, 0));
  if (!(device_->Read32(kStatus) & kIsClear)) return absl::AbortedError("is not clear after clearing");
  const Range source = {0, program->sections.size()};
  const uint32_t crc = Crc32(program->sections);
  std::ranges::copy(program->sections, Bytes(source).begin());
  const absl::Status status = Execute(kLoad, source, {}, crc);
  std::ranges::fill(Bytes(source), 0);
  COLONNADE_RETURN_IF_ERROR(status);
  COLONNADE_RETURN_IF_ERROR(CompareCrc("program", device_->Read32(kSourceCrc), crc));
  loaded_ = program;
  ++events_.loads;
  return absl::OkStatus();
}

absl::Status Driver::RunOnce(std::span<const uint8_t> input, RunResult& result) {
  const Range source = {0, input.size()}, target = {Align(input.size()), loaded_->result_bytes};
  std::ranges::copy(input, Bytes(source).begin());
  std::ranges::fill(Bytes(target), 0);  // the image before this one must not pass for its result
  COLONNADE_RETURN_IF_ERROR(device_->SyncForDevice(target.begin, target.bytes));
  absl::Status status = Execute(kRun, source, target, 0);
  if (status.ok()) status = device_->SyncForHost(target.begin, target.bytes);
  if (status.ok()) status = CompareCrc("input", device_->Read32(kSourceCrc), Crc32(input));
  if (status.ok()) status = CompareCrc("result", device_->Read32(kTargetCrc), Crc32(Bytes(target)));
  for (uint32_t i = 0; i < kCycleCounters; ++i) result.cycles[i] = device_->Read32(kCycles + 4 * i);
  result.bytes.assign(Bytes(target).begin(), Bytes(target).end());
  std::ranges::fill(Bytes({0, target.begin + target.bytes}), 0);
  return status;
}

void Driver::Count(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) ++events_.hangs;
  if (absl::IsDataLoss(status)) ++events_.data_errors;
  if (absl::IsAborted(status)) ++events_.foreign_resets;
}

}  // namespace colonnade::device
