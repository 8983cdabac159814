// SPDX-License-Identifier: Apache-2.0
#include "server/executors/software_executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/executors/host_steps.h"

namespace colonnade::executors {
namespace {

bool IsLogits(const array::Step& step) {
  const auto* matrix = std::get_if<array::MatrixStep>(&step.operation);
  return matrix != nullptr && matrix->is_logits;
}

}  // namespace

SoftwareExecutor::SoftwareExecutor(std::shared_ptr<const array::ArrayProgram> program)
    : program_(std::move(program)) {}

void SoftwareExecutor::SizeTensors(Workspace& workspace) const {
  workspace.tensors.resize(program_->tensors.size());
  for (size_t i = 0; i < program_->tensors.size(); ++i) {
    const bool is_logits = i > 0 && IsLogits(program_->steps[i - 1]);
    workspace.tensors[i].resize(is_logits ? 0 : program_->tensors[i].shape.size());
  }
}

absl::StatusOr<std::vector<int32_t>> SoftwareExecutor::Run(std::span<const uint8_t> image,
                                                           Workspace& workspace) const {
  const nn::Shape& input = program_->tensors.front().shape;
  if (static_cast<int64_t>(image.size()) != input.size()) {
    return absl::InvalidArgumentError(fmt::format("the image has {} values; the network reads {} ({})",
                                                  image.size(), input.size(), nn::ToString(input)));
  }
  SizeTensors(workspace);
  workspace.counted_cycles.clear();
  std::copy(image.begin(), image.end(), workspace.tensors[0].begin());
  std::vector<int32_t> result(program_->tensors.back().shape.size());
  for (int i = 0; i < static_cast<int>(program_->steps.size()); ++i) {
    const array::Step& step = program_->steps[i];
    if (const auto* host = std::get_if<quant::HostLayer>(&step.operation)) {
      RunHostStep(*host, program_->tensors, i + 1, workspace.tensors);
    } else if (IsLogits(step)) {
      RunLogitsStep(i, workspace, result);
    } else {
      RunMatrixStep(i, workspace);
    }
  }
  const std::vector<uint8_t>& last = workspace.tensors.back();
  const int zero_point = program_->tensors.back().zero_point();
  std::transform(last.begin(), last.end(), result.begin(), [&](uint8_t byte) { return byte - zero_point; });
  return result;
}

}  // namespace colonnade::executors
