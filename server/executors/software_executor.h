// SPDX-License-Identifier: Apache-2.0
// What executors on the host have in common: everything but the matrix steps.
#pragma once

#include "server/executors/array_executor.h"

namespace colonnade::executors {

class SoftwareExecutor : public ArrayExecutor {
 public:
  explicit SoftwareExecutor(std::shared_ptr<const array::ArrayProgram> program);

  const array::ArrayProgram& program() const override { return *program_; }
  absl::Status RunInto(std::span<const uint8_t> image, Workspace& workspace,
                       std::span<int32_t> result) const override;
  std::vector<uint8_t> BytesOf(int tensor, const Workspace& workspace) const override;

 protected:
  // Step `index` of the program, a MatrixStep: reads workspace.tensors[step.input]
  // and the residual's, writes workspace.tensors[index + 1], which has its size
  // already.
  virtual void RunMatrixStep(int index, Workspace& workspace) const = 0;

  // The same for a step with is_logits, which writes `logits`, channel-major.
  virtual void RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const = 0;

  // REQUIRES: step `index` is a MatrixStep.
  const array::MatrixStep& matrix_step(int index) const {
    return std::get<array::MatrixStep>(program_->steps[index].operation);
  }

 private:
  void SizeTensors(Workspace& workspace) const;

  const std::shared_ptr<const array::ArrayProgram> program_;
};

}  // namespace colonnade::executors
