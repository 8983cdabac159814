// SPDX-License-Identifier: Apache-2.0
#include "server/executors/shared_device.h"

#include <utility>

#include "server/base/status.h"
#include "server/device/private_board.h"

namespace colonnade::executors {

using device::DriverEvents;
using device::RunResult;

DeviceOpener BoardOpener(std::string program) {
  return [program = std::move(program)](const array::ArrayConfig& config) {
    device::PrivateBoardOptions options;
    options.program = program;
    options.arguments = {"--array", array::Name(config)};
    return device::StartPrivateBoard(options);
  };
}

DeviceOpener UioOpener(device::UioOptions options) {
  return [options = std::move(options)](const array::ArrayConfig&) { return device::OpenUio(options); };
}

absl::StatusOr<RunResult> SharedDevice::Run(const std::shared_ptr<const device::Program>& program,
                                            std::span<const uint8_t> input) {
  std::unique_lock lock(mutex_);
  const uint64_t turn = arrived_++;
  next_.wait(lock, [&] { return served_ == turn; });
  lock.unlock();
  absl::StatusOr<RunResult> result = RunInTurn(program, input);
  lock.lock();
  ++served_;
  next_.notify_all();
  return result;
}

absl::StatusOr<RunResult> SharedDevice::RunInTurn(const std::shared_ptr<const device::Program>& program,
                                                  std::span<const uint8_t> input) {
  COLONNADE_RETURN_IF_ERROR(Annotate(Connect(program->config), name_));
  const DriverEvents before = driver_->events();
  absl::StatusOr<RunResult> result = driver_->Run(program, input);
  Report(before, result);
  if (absl::IsUnavailable(result.status())) driver_ = nullptr;
  if (!result.ok()) return Annotate(result.status(), name_);
  return result;
}

absl::Status SharedDevice::Connect(const array::ArrayConfig& config) {
  if (driver_ && driver_->config() == config) return absl::OkStatus();
  driver_ = nullptr;  // before another one is opened: it may be the same device
  COLONNADE_ASSIGN_OR_RETURN(std::unique_ptr<device::Device> device, open_(config));
  COLONNADE_ASSIGN_OR_RETURN(driver_, device::Driver::Open(std::move(device), config, options_));
  return absl::OkStatus();
}

void SharedDevice::Report(const DriverEvents& before, const absl::StatusOr<RunResult>& result) {
  const DriverEvents& now = driver_->events();
  const std::pair<const char*, int64_t> events[] = {{"load", now.loads - before.loads},
                                                    {"run", now.runs - before.runs},
                                                    {"reset", now.resets - before.resets},
                                                    {"lost_interrupt", now.lost_interrupts - before.lost_interrupts},
                                                    {"hang", now.hangs - before.hangs},
                                                    {"data_error", now.data_errors - before.data_errors},
                                                    {"foreign_reset", now.foreign_resets - before.foreign_resets}};
  for (const auto& [event, count] : events) {
    if (count == 0) continue;
    metrics_.Count("colonnade_device_events_total", {{"executor", name_}, {"event", event}}, double(count));
  }
  for (int i = 0; result.ok() && i < device::kCycleCounters; ++i) {
    metrics_.Count("colonnade_device_cycles_total", {{"executor", name_}, {"phase", device::CycleName(i)}},
                   double(result->cycles[size_t(i)]));
  }
}

}  // namespace colonnade::executors
