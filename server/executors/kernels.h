// SPDX-License-Identifier: Apache-2.0
// The fast executor: each filter's nonzero cells over planes of contiguous bytes
// (planes.h), vectorized over output pixels (kernel_loops.h). It reads the packed
// matrix, not the tiles, so it shares no matrix code with the reference.
#pragma once

#include <vector>

#include "server/executors/kernel_loops.h"
#include "server/executors/planes.h"
#include "server/executors/software_executor.h"

namespace colonnade::executors {

class KernelsExecutor final : public SoftwareExecutor {
 public:
  // Prepares every matrix step: time and memory in proportion to the nonzero cells.
  // REQUIRES: IsSupported(set).
  explicit KernelsExecutor(std::shared_ptr<const array::ArrayProgram> program,
                           InstructionSet set = BestInstructionSet());

  std::string_view name() const override { return "kernels"; }

 protected:
  void RunMatrixStep(int index, Workspace& workspace) const override;
  void RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const override;

 private:
  struct Prepared {
    PlaneLayout layout;
    std::vector<KernelCell> cells;
    std::vector<int64_t> row_begin;
  };

  static Prepared Prepare(const array::MatrixStep& step, const array::ArrayProgram& program, int index);

  // Fills planes and residual positions; the task lacks only where to write.
  KernelTask MakeTask(int index, Workspace& workspace) const;

  const InstructionSet set_;
  std::vector<std::unique_ptr<const Prepared>> prepared_;  // by step, null for host steps
};

}  // namespace colonnade::executors
