// SPDX-License-Identifier: Apache-2.0
#include "server/executors/device_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/base/status.h"
#include "server/machine/lower.h"
#include "server/machine/transfer.h"

namespace colonnade::executors {
namespace {

constexpr int kOfTheBus = 7;  // counters from here on: input, output

}  // namespace

DeviceExecutor::DeviceExecutor(std::shared_ptr<SharedDevice> device,
                               std::shared_ptr<const array::ArrayProgram> program, machine::MachineProgram lowered)
    : device_(std::move(device)),
      program_(std::move(program)),
      lowered_(std::move(lowered)),
      loadable_(std::make_shared<device::Program>(device::ProgramOf(lowered_))) {}

absl::StatusOr<std::unique_ptr<ArrayExecutor>> DeviceExecutor::Make(
    std::shared_ptr<SharedDevice> device, std::shared_ptr<const array::ArrayProgram> program) {
  COLONNADE_ASSIGN_OR_RETURN(machine::MachineProgram lowered,
                             machine::Lower(*program, machine::DefaultLimits(program->config)));
  return std::unique_ptr<ArrayExecutor>(
      new DeviceExecutor(std::move(device), std::move(program), std::move(lowered)));
}

absl::Status DeviceExecutor::RunInto(std::span<const uint8_t> image, Workspace& workspace,
                                     std::span<int32_t> result) const {
  COLONNADE_RETURN_IF_ERROR(CheckSizes(image, result));
  workspace.counted_cycles.clear();
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<uint8_t> input, machine::InputBytes(lowered_, image));
  COLONNADE_ASSIGN_OR_RETURN(const device::RunResult run, device_->Run(loadable_, input));
  COLONNADE_RETURN_IF_ERROR(Annotate(CheckCycles(lowered_.cycles, run.cycles), name()));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> values, machine::ResultsOf(lowered_, run.bytes));
  std::ranges::copy(values, result.begin());
  return absl::OkStatus();
}

std::vector<uint8_t> DeviceExecutor::BytesOf(int, const Workspace&) const { return {}; }

absl::Status CheckCycles(const machine::RunCycles& predicted, const device::CycleCounters& counted) {
  const array::Cycles& of_array = predicted.array;
  const std::array<int64_t, device::kCycleCounters> expected = {
      of_array.fill,    of_array.stream,   of_array.drain,  of_array.weight_load, of_array.stall,
      predicted.vector, predicted.control, predicted.input, predicted.output};
  for (int i = 0; i < device::kCycleCounters; ++i) {
    const int64_t took = counted[size_t(i)], wanted = expected[size_t(i)];
    if (i < kOfTheBus ? took == wanted : took >= wanted) continue;
    return absl::InternalError(
        fmt::format("phase {} took {} cycles, and {} were predicted", device::CycleName(i), took, wanted));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::executors
