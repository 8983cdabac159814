// SPDX-License-Identifier: Apache-2.0
#include "server/executors/array_executor.h"

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade::executors {

absl::StatusOr<std::vector<int32_t>> ArrayExecutor::Run(std::span<const uint8_t> image, Workspace& workspace) const {
  std::vector<int32_t> result(size_t(program().tensors.back().shape.size()));
  COLONNADE_RETURN_IF_ERROR(RunInto(image, workspace, result));
  return result;
}

absl::Status ArrayExecutor::CheckSizes(std::span<const uint8_t> image, std::span<const int32_t> result) const {
  const nn::Shape& input = program().tensors.front().shape;
  const nn::Shape& output = program().tensors.back().shape;
  if (int64_t(image.size()) != input.size()) {
    return absl::InvalidArgumentError(fmt::format("the image has {} values; the network reads {} ({})", image.size(),
                                                  input.size(), nn::ToString(input)));
  }
  if (int64_t(result.size()) == output.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("the result has room for {} values; the network gives {}", result.size(), output.size()));
}

bool IsLogits(const array::Step& step) {
  const auto* matrix = std::get_if<array::MatrixStep>(&step.operation);
  return matrix != nullptr && matrix->is_logits;
}

}  // namespace colonnade::executors
