// SPDX-License-Identifier: Apache-2.0
// The fast executor: byte selections by vector permutations (selection.h) over tensors
// that are kept pixel by pixel (pixel_layout.h). It reads the packed matrix, not the tiles,
// so it shares no matrix code with the reference.
#pragma once

#include <memory>
#include <vector>

#include "server/executors/array_executor.h"
#include "server/executors/kernel_loops.h"
#include "server/executors/pixel_layout.h"

namespace colonnade::executors {

class KernelsExecutor final : public ArrayExecutor {
 public:
  // Prepares every matrix step: time and memory in proportion to the cells.
  // REQUIRES: array::Check(*program), IsSupported(set).
  explicit KernelsExecutor(std::shared_ptr<const array::ArrayProgram> program,
                           InstructionSet set = BestInstructionSet());
  ~KernelsExecutor() override;

  std::string_view name() const override { return "kernels"; }
  const array::ArrayProgram& program() const override { return *program_; }
  absl::Status RunInto(std::span<const uint8_t> image, Workspace& workspace,
                       std::span<int32_t> result) const override;
  std::vector<uint8_t> BytesOf(int tensor, const Workspace& workspace) const override;

 private:
  struct Prepared;

  void Adopt(Workspace& workspace) const;
  void RunMatrix(int index, Workspace& workspace) const;
  void GatherSums(int index, const Workspace& workspace, std::span<int32_t> result) const;

  const std::shared_ptr<const array::ArrayProgram> program_;
  const InstructionSet set_;
  const uint64_t identity_;  // of this executor, among all
  const ArenaLayout arena_;
  std::vector<std::unique_ptr<const Prepared>> prepared_;  // by step, null for host steps
};

}  // namespace colonnade::executors
