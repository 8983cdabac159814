// SPDX-License-Identifier: Apache-2.0
// The executor that simulates the array: matrix steps run on a SimulatedArray, register by
// register and cycle by cycle, host steps as everywhere. Some hundred times slower than
// the kernels; it is there to check them, the cycle model and the hardware, and is
// not among ExecutorNames().
#pragma once

#include <vector>

#include "server/executors/kernel_loops.h"
#include "server/executors/software_executor.h"

namespace colonnade::executors {

class PlanesExecutor final : public SoftwareExecutor {
 public:
  // REQUIRES: IsSupported(set).
  explicit PlanesExecutor(std::shared_ptr<const array::ArrayProgram> program,
                          InstructionSet set = BestInstructionSet());

  std::string_view name() const override { return "planes"; }

 protected:
  // Each also sets workspace.counted_cycles[index]. A step begins on an array that was reset.
  void RunMatrixStep(int index, Workspace& workspace) const override;
  void RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const override;

 private:
  std::vector<int32_t> Accumulate(int index, Workspace& workspace) const;

  const InstructionSet set_;
};

}  // namespace colonnade::executors
