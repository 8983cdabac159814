// SPDX-License-Identifier: Apache-2.0
#include "server/executors/kernels.h"

namespace colonnade::executors {

using array::MatrixStep;
using array::PackedMatrix;

KernelsExecutor::KernelsExecutor(std::shared_ptr<const array::ArrayProgram> shared, InstructionSet set)
    : SoftwareExecutor(std::move(shared)), set_(set), prepared_(program().steps.size()) {
  for (int i = 0; i < static_cast<int>(prepared_.size()); ++i) {
    if (const auto* step = std::get_if<MatrixStep>(&program().steps[i].operation)) {
      prepared_[i] = std::make_unique<Prepared>(Prepare(*step, program(), i));
    }
  }
}

KernelsExecutor::Prepared KernelsExecutor::Prepare(const MatrixStep& step, const array::ArrayProgram& program,
                                                   int index) {
  const PackedMatrix& matrix = step.matrix;
  Prepared prepared{
      {program.tensors[step.input].shape, program.tensors[index + 1].shape, step.window}, {}, {0}};
  for (int row = 0; row < matrix.rows; ++row) {
    for (int group = 0; group < matrix.groups; ++group) {
      const size_t cell = size_t(row) * matrix.groups + group;
      if (matrix.weights[cell] == 0) continue;
      const nn::Column& site = matrix.column_sites[matrix.group_columns[group][matrix.lanes[cell]]];
      prepared.cells.push_back({prepared.layout.Offset(site), matrix.weights[cell]});
    }
    prepared.row_begin.push_back(static_cast<int64_t>(prepared.cells.size()));
  }
  return prepared;
}

KernelTask KernelsExecutor::MakeTask(int index, Workspace& workspace) const {
  const MatrixStep& step = matrix_step(index);
  const Prepared& prepared = *prepared_[index];
  const auto input_padding = static_cast<uint8_t>(program().tensors[step.input].zero_point());
  prepared.layout.Fill(workspace.tensors[step.input], input_padding, workspace.planes);
  KernelTask task;
  task.rows = step.matrix.rows;
  task.length = prepared.layout.length();
  task.planes = workspace.planes.data();
  task.cells = prepared.cells.data();
  task.row_begin = prepared.row_begin.data();
  task.bias = step.bias.data();
  task.shift = step.shift.data();
  task.low = step.low;
  task.high = step.high;
  task.zero_point = program().tensors[index + 1].zero_point();
  if (step.residual) {
    prepared.layout.Spread(workspace.tensors[step.residual->tensor], workspace.residual);
    task.residual = workspace.residual.data();
    task.residual_zero_point = program().tensors[step.residual->tensor].zero_point();
    task.residual_exponent = step.residual->exponent;
  }
  return task;
}

void KernelsExecutor::RunMatrixStep(int index, Workspace& workspace) const {
  KernelTask task = MakeTask(index, workspace);
  workspace.pitched.resize(task.rows * task.length);
  task.bytes = workspace.pitched.data();
  RunKernel(set_, task);
  prepared_[index]->layout.Gather(workspace.pitched, std::span<uint8_t>(workspace.tensors[index + 1]));
}

void KernelsExecutor::RunLogitsStep(int index, Workspace& workspace, std::span<int32_t> logits) const {
  KernelTask task = MakeTask(index, workspace);
  workspace.accumulators.resize(task.rows * task.length);
  task.accumulators = workspace.accumulators.data();
  RunKernel(set_, task);
  prepared_[index]->layout.Gather(workspace.accumulators, logits);
}

}  // namespace colonnade::executors
