// SPDX-License-Identifier: Apache-2.0
#include "server/executors/planes_executor.h"

#include <algorithm>
#include <utility>

#include "server/executors/simulated_array.h"

namespace colonnade::executors {
namespace {

using array::MatrixStep;

// What the sums of a step begin with: bias, plus residual.
std::vector<int32_t> InitialSums(const MatrixStep& step, const array::ArrayProgram& program, const Workspace& workspace,
                                 int64_t pixels) {
  std::vector<int32_t> sums;
  for (const int32_t bias : step.bias) sums.insert(sums.end(), pixels, bias);
  if (!step.residual) return sums;
  const std::vector<uint8_t>& bytes = workspace.tensors[step.residual->tensor];
  const int zero_point = program.tensors[step.residual->tensor].zero_point();
  for (int64_t i = 0; i < std::ssize(sums); ++i) {
    const int64_t factor = int64_t{1} << (step.shift[i / pixels] + step.residual->exponent);
    sums[i] = static_cast<int32_t>(sums[i] + (bytes[i] - zero_point) * factor);
  }
  return sums;
}

}  // namespace

PlanesExecutor::PlanesExecutor(std::shared_ptr<const array::ArrayProgram> program, InstructionSet set)
    : SoftwareExecutor(std::move(program)), set_(set) {}

std::vector<int32_t> PlanesExecutor::Accumulate(int index, Workspace& workspace) const {
  const MatrixStep& step = matrix_step(index);
  const nn::Shape& output = program().tensors[index + 1].shape;
  const int64_t pixels = int64_t{output.height} * output.width;
  const Feeder feeder(step, program().tensors[step.input], workspace.tensors[step.input], output, program().config);
  const std::vector<int32_t> initial = InitialSums(step, program(), workspace, pixels);
  SimulatedRun run = SimulatedArray(program().config, set_).Run({&step.matrix, &step.tiles, &feeder, &initial, pixels});
  workspace.counted_cycles.resize(program().steps.size());
  workspace.counted_cycles[index] = std::move(run.cycles);
  return std::move(run.sums);
}

void PlanesExecutor::RunMatrixStep(int index, Workspace& workspace) const {
  const MatrixStep& step = matrix_step(index);
  const std::vector<int32_t> sums = Accumulate(index, workspace);
  const quant::Tensor& output = program().tensors[index + 1];
  const int64_t pixels = int64_t{output.shape.height} * output.shape.width;
  for (int64_t i = 0; i < std::ssize(sums); ++i) {
    const int q = quant::Requantize(sums[i], step.shift[i / pixels], step.low, step.high);
    workspace.tensors[index + 1][i] = static_cast<uint8_t>(q + output.zero_point());
  }
}

void PlanesExecutor::RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const {
  std::ranges::copy(Accumulate(index, workspace), logits.begin());
}

}  // namespace colonnade::executors
