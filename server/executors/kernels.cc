// SPDX-License-Identifier: Apache-2.0
#include "server/executors/kernels.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "server/base/status.h"
#include "server/executors/host_steps.h"
#include "server/executors/selection.h"

namespace colonnade::executors {
namespace {

using array::MatrixStep;

constexpr size_t kAlignment = 64;

struct Free {
  void operator()(uint8_t* memory) const { std::free(memory); }
};
using AlignedBytes = std::unique_ptr<uint8_t, Free>;

AlignedBytes Aligned(const std::vector<uint8_t>& bytes) {
  const size_t size = (std::max<size_t>(bytes.size(), 1) + kAlignment - 1) / kAlignment * kAlignment;
  AlignedBytes memory(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, size)));
  std::copy(bytes.begin(), bytes.end(), memory.get());
  return memory;
}

uint64_t NextIdentity() {
  static std::atomic<uint64_t> next = 1;
  return next++;
}

// Whether every sum stays within 32 bits with half of the shift's last place added.
bool HalvesFit(const MatrixStep& step) {
  for (int row = 0; row < step.matrix.rows; ++row) {
    const int shift = step.is_logits ? 0 : step.shift[size_t(row)];
    int64_t most = std::abs(int64_t{step.bias[size_t(row)]}) + (int64_t{1} << shift);
    for (int group = 0; group < step.matrix.groups; ++group) {
      most += 255 * std::abs(int64_t{step.matrix.weights[size_t(row) * step.matrix.groups + group]});
    }
    if (step.residual) most += int64_t{255} << (shift + step.residual->exponent);
    if (most > std::numeric_limits<int32_t>::max()) return false;
  }
  return true;
}

uint8_t* Begin(std::vector<uint8_t>& memory) {
  void* begin = memory.data();
  size_t space = memory.size();
  return static_cast<uint8_t*>(std::align(kAlignment, memory.size() - kAlignment, begin, space));
}

Strides StridesOf(const PixelLayout& layout) { return {layout.step, layout.line}; }

}  // namespace

struct KernelsExecutor::Prepared {
  std::vector<SelectionBlock> selected;
  std::vector<AlignedBytes> codes;
  std::vector<KernelBlock> blocks;
  KernelTask task;             // without pointers into the arena
  int64_t input_corner = 0;    // in the arena, of output pixel (0, 0)
  int64_t rows = 0;            // of all blocks together

  Prepared(const MatrixStep& step, int index, const array::ArrayProgram& program, const ArenaLayout& arena,
           InstructionSet set) {
    const PixelLayout& input = arena.tensors[size_t(step.input)];
    const SelectionShape shape = ShapeFor(set);
    task.rounded = HalvesFit(step);
    const int residual_zero = step.residual ? program.tensors[size_t(step.residual->tensor)].zero_point() : 0;
    selected = Select(step, input, {shape, residual_zero, task.rounded});
    for (const SelectionBlock& block : selected) {
      codes.push_back(Aligned(block.codes));
      blocks.push_back({block.windows.data(), block.doubles, block.singles, block.joined, codes.back().get(),
                        block.bias.data(), block.shift.data(), block.residual_shift.data()});
    }
    rows = int64_t(blocks.size()) * shape.rows;
    const quant::Tensor& output = program.tensors[size_t(index) + 1];
    task.height = output.shape.height;
    task.width = output.shape.width;
    task.input_strides = {input.step * step.window.stride_w, input.line * step.window.stride_h};
    task.output_strides = StridesOf(arena.tensors[size_t(index) + 1]);
    if (step.residual) task.residual_strides = StridesOf(arena.tensors[size_t(step.residual->tensor)]);
    task.low = int16_t(step.low);
    task.high = int16_t(step.high);
    task.zero_point = int16_t(output.zero_point());
    task.blocks = blocks;
    input_corner = input.At(-step.window.pad_top, -step.window.pad_left);
  }
};

KernelsExecutor::KernelsExecutor(std::shared_ptr<const array::ArrayProgram> program, InstructionSet set)
    : program_(std::move(program)), set_(set), identity_(NextIdentity()), arena_(LayOut(*program_)) {
  for (size_t i = 0; i < program_->steps.size(); ++i) {
    const auto* matrix = std::get_if<MatrixStep>(&program_->steps[i].operation);
    prepared_.push_back(matrix ? std::make_unique<const Prepared>(*matrix, int(i), *program_, arena_, set) : nullptr);
  }
}

KernelsExecutor::~KernelsExecutor() = default;

// Borders are written once and then only read.
void KernelsExecutor::Adopt(Workspace& workspace) const {
  if (workspace.owner == identity_) return;
  workspace.arena.resize(size_t(arena_.size) + 2 * kAlignment);
  workspace.views.clear();
  uint8_t* const begin = Begin(workspace.arena);
  int64_t sums = 0;
  for (size_t i = 0; i < arena_.tensors.size(); ++i) {
    const PixelLayout& layout = arena_.tensors[i];
    std::fill(begin + layout.begin, begin + layout.end, layout.zero_point);
    workspace.views.push_back({&program_->tensors[i], begin + layout.origin, 1, layout.step, layout.line});
    if (i == 0 || !prepared_[i - 1]) continue;
    sums = std::max(sums, prepared_[i - 1]->rows * layout.shape.height * layout.shape.width);
  }
  workspace.accumulators.resize(size_t(sums));
  workspace.owner = identity_;
}

void KernelsExecutor::RunMatrix(int index, Workspace& workspace) const {
  const auto& step = std::get<MatrixStep>(program_->steps[size_t(index)].operation);
  const Prepared& prepared = *prepared_[size_t(index)];
  KernelTask task = prepared.task;
  task.input = Begin(workspace.arena) + prepared.input_corner;
  if (step.residual) task.residual = workspace.views[size_t(step.residual->tensor)].origin;
  if (step.is_logits) {
    task.sums = workspace.accumulators.data();
  } else {
    task.output = workspace.views[size_t(index) + 1].origin;
  }
  RunKernel(set_, task);
}

void KernelsExecutor::GatherSums(int index, const Workspace& workspace, std::span<int32_t> result) const {
  const nn::Shape& shape = program_->tensors[size_t(index) + 1].shape;
  const int64_t pixels = int64_t{shape.height} * shape.width, rows = prepared_[size_t(index)]->rows;
  for (int64_t i = 0; i < shape.size(); ++i) {
    result[size_t(i)] = workspace.accumulators[size_t(i % pixels * rows + i / pixels)];
  }
}

absl::Status KernelsExecutor::RunInto(std::span<const uint8_t> image, Workspace& workspace,
                                      std::span<int32_t> result) const {
  COLONNADE_RETURN_IF_ERROR(CheckSizes(image, result));
  Adopt(workspace);
  Scatter(image, arena_.tensors[0], Begin(workspace.arena));
  const int steps = int(program_->steps.size());
  for (int i = 0; i < steps; ++i) {
    if (prepared_[size_t(i)]) {
      RunMatrix(i, workspace);
    } else {
      RunHostStep(std::get<quant::HostLayer>(program_->steps[size_t(i)].operation), workspace.views, i + 1);
    }
  }
  if (IsLogits(program_->steps.back())) {
    GatherSums(steps - 1, workspace, result);
    return absl::OkStatus();
  }
  const PixelLayout& last = arena_.tensors.back();
  GatherValues(last, Begin(workspace.arena), result);
  return absl::OkStatus();
}

std::vector<uint8_t> KernelsExecutor::BytesOf(int tensor, const Workspace& workspace) const {
  if (tensor > 0 && IsLogits(program_->steps[size_t(tensor) - 1])) return {};
  std::vector<uint8_t> bytes(size_t(program_->tensors[size_t(tensor)].shape.size()));
  const PixelLayout& layout = arena_.tensors[size_t(tensor)];
  Gather(layout, workspace.views[size_t(tensor)].origin - layout.origin, bytes);
  return bytes;
}

}  // namespace colonnade::executors
