// SPDX-License-Identifier: Apache-2.0
#include "server/executors/software_executor.h"

#include <algorithm>

#include "server/base/status.h"
#include "server/executors/host_steps.h"

namespace colonnade::executors {

SoftwareExecutor::SoftwareExecutor(std::shared_ptr<const array::ArrayProgram> program)
    : program_(std::move(program)) {}

void SoftwareExecutor::SizeTensors(Workspace& workspace) const {
  workspace.owner = 0;
  workspace.views.clear();
  workspace.tensors.resize(program_->tensors.size());
  for (size_t i = 0; i < program_->tensors.size(); ++i) {
    const quant::Tensor& tensor = program_->tensors[i];
    const bool is_logits = i > 0 && IsLogits(program_->steps[i - 1]);
    workspace.tensors[i].resize(is_logits ? 0 : size_t(tensor.shape.size()));
    workspace.views.push_back(ChannelMajor(tensor, workspace.tensors[i].data()));
  }
}

absl::Status SoftwareExecutor::RunInto(std::span<const uint8_t> image, Workspace& workspace,
                                       std::span<int32_t> result) const {
  COLONNADE_RETURN_IF_ERROR(CheckSizes(image, result));
  SizeTensors(workspace);
  workspace.counted_cycles.clear();
  std::copy(image.begin(), image.end(), workspace.tensors[0].begin());
  for (int i = 0; i < static_cast<int>(program_->steps.size()); ++i) {
    const array::Step& step = program_->steps[size_t(i)];
    if (const auto* host = std::get_if<quant::HostLayer>(&step.operation)) {
      RunHostStep(*host, workspace.views, i + 1);
    } else if (IsLogits(step)) {
      RunLogitsStep(i, workspace, result);
    } else {
      RunMatrixStep(i, workspace);
    }
  }
  const std::vector<uint8_t>& last = workspace.tensors.back();
  const int zero_point = program_->tensors.back().zero_point();
  std::transform(last.begin(), last.end(), result.begin(), [&](uint8_t byte) { return byte - zero_point; });
  return absl::OkStatus();
}

std::vector<uint8_t> SoftwareExecutor::BytesOf(int tensor, const Workspace& workspace) const {
  return workspace.tensors[size_t(tensor)];
}

}  // namespace colonnade::executors
