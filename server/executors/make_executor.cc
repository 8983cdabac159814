// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "server/executors/array_executor.h"
#include "server/executors/device_executor.h"
#include "server/executors/kernels.h"
#include "server/executors/reference.h"

namespace colonnade::executors {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"kernels", "reference"};

}  // namespace

std::span<const std::string_view> ExecutorNames() { return kNames; }

std::vector<std::string_view> ExecutorNames(const Devices& devices) {
  std::vector<std::string_view> names(kNames.begin(), kNames.end());
  for (const auto& device : {devices.rtl, devices.fpga}) {
    if (device) names.push_back(device->name());
  }
  return names;
}

absl::StatusOr<std::unique_ptr<ArrayExecutor>> MakeExecutor(
    std::string_view name, std::shared_ptr<const array::ArrayProgram> program) {
  return MakeExecutor(name, std::move(program), {});
}

absl::StatusOr<std::unique_ptr<ArrayExecutor>> MakeExecutor(
    std::string_view name, std::shared_ptr<const array::ArrayProgram> program, const Devices& devices) {
  if (name == "kernels") return std::make_unique<KernelsExecutor>(std::move(program));
  if (name == "reference") return std::make_unique<ReferenceExecutor>(std::move(program));
  for (const auto& device : {devices.rtl, devices.fpga}) {
    if (device && device->name() == name) return DeviceExecutor::Make(device, std::move(program));
  }
  const std::string known = fmt::format("{}", fmt::join(ExecutorNames(devices), ", "));
  if (name == "rtl" || name == "fpga") {
    return absl::UnimplementedError(
        fmt::format("executor '{}' has no device here; available: {}", name, known));
  }
  return absl::InvalidArgumentError(fmt::format("unknown executor '{}'; available: {}", name, known));
}

}  // namespace colonnade::executors
