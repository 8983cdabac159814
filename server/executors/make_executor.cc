// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "server/executors/array_executor.h"
#include "server/executors/kernels.h"
#include "server/executors/reference.h"

namespace colonnade::executors {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"kernels", "reference"};

}  // namespace

std::span<const std::string_view> ExecutorNames() { return kNames; }

absl::StatusOr<std::unique_ptr<ArrayExecutor>> MakeExecutor(
    std::string_view name, std::shared_ptr<const array::ArrayProgram> program) {
  if (name == "kernels") return std::make_unique<KernelsExecutor>(std::move(program));
  if (name == "reference") return std::make_unique<ReferenceExecutor>(std::move(program));
  const std::string known = fmt::format("{}", fmt::join(kNames, ", "));
  if (name == "rtl" || name == "fpga") {
    return absl::UnimplementedError(
        fmt::format("executor '{}' is not part of this build; available: {}", name, known));
  }
  return absl::InvalidArgumentError(fmt::format("unknown executor '{}'; available: {}", name, known));
}

}  // namespace colonnade::executors
