// SPDX-License-Identifier: Apache-2.0
// The executor to believe: the formulas of array_program.h as plain loops over
// tiles, cells and pixels, in 64 bits, with nothing prepared and nothing clever.
#pragma once

#include "server/executors/software_executor.h"

namespace colonnade::executors {

class ReferenceExecutor final : public SoftwareExecutor {
 public:
  using SoftwareExecutor::SoftwareExecutor;

  std::string_view name() const override { return "reference"; }

 protected:
  void RunMatrixStep(int index, Workspace& workspace) const override;
  void RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const override;

 private:
  // acc[row][pixel] of step `index`, residual included.
  std::vector<int64_t> Accumulate(int index, const Workspace& workspace) const;
};

}  // namespace colonnade::executors
