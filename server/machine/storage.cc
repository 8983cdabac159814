// SPDX-License-Identifier: Apache-2.0
#include "server/machine/storage.h"

#include <algorithm>

namespace colonnade::machine {
namespace {

// The step's operation if it is a HostLayer of this kind.
template <typename Layer>
const Layer* As(const array::Step& step) {
  const auto* layer = std::get_if<quant::HostLayer>(&step.operation);
  return layer == nullptr ? nullptr : std::get_if<Layer>(layer);
}

bool IsLogits(const array::Step& step) {
  const auto* matrix = std::get_if<array::MatrixStep>(&step.operation);
  return matrix != nullptr && matrix->is_logits;
}

class Planner {
 public:
  explicit Planner(const array::ArrayProgram& program)
      : program_(program), steps_(static_cast<int>(program.steps.size())), readers_(program.tensors.size()) {
    for (const array::Step& step : program.steps) {
      for (const int tensor : InputsOf(step)) ++readers_[tensor];
    }
    storage_.of_tensor.resize(program.tensors.size());
    storage_.absorbed.resize(program.steps.size());
    storage_.skipped.resize(program.steps.size());
  }

  Storage Plan() {
    Absorb();
    Store(0, -1);
    for (int step = 0; step < steps_; ++step) Follow(step);
    return std::move(storage_);
  }

 private:
  // Nobody reads what a subsampling leaves for the padding of channels after it.
  void Absorb() {
    for (int step = 0; step < steps_; ++step) {
      const auto* pad = As<quant::PadChannelsLayer>(program_.steps[step]);
      if (pad == nullptr || pad->input == 0 || readers_[pad->input] > 1) continue;
      const auto* subsample = As<quant::SubsampleLayer>(program_.steps[pad->input - 1]);
      if (subsample == nullptr) continue;
      storage_.absorbed[step] = subsample;
      storage_.skipped[pad->input - 1] = true;
    }
  }

  void Store(int tensor, int step) {
    storage_.of_tensor[tensor] = static_cast<int>(storage_.stored.size());
    storage_.stored.push_back({program_.tensors[tensor].shape, step, step});
  }

  void Follow(int step) {
    if (storage_.skipped[step]) return;
    for (const int tensor : InputsOf(program_.steps[step])) Touch(tensor, step);
    if (storage_.absorbed[step] != nullptr) Touch(storage_.absorbed[step]->input, step);
    if (const auto* flatten = As<quant::FlattenLayer>(program_.steps[step])) {
      storage_.skipped[step] = true;
      storage_.of_tensor[step + 1] = storage_.of_tensor[flatten->input];
    } else if (!IsLogits(program_.steps[step])) {
      Store(step + 1, step);
    }
  }

  void Touch(int tensor, int step) {
    if (const std::optional<int> stored = storage_.of_tensor[tensor]) storage_.stored[*stored].last_step = step;
  }

  const array::ArrayProgram& program_;
  const int steps_;
  std::vector<int> readers_;  // by tensor
  Storage storage_;
};

}  // namespace

std::vector<int> InputsOf(const array::Step& step) {
  const auto* matrix = std::get_if<array::MatrixStep>(&step.operation);
  if (matrix == nullptr) return quant::InputsOf(std::get<quant::HostLayer>(step.operation));
  return matrix->residual ? std::vector{matrix->input, matrix->residual->tensor} : std::vector{matrix->input};
}

Storage PlanStorage(const array::ArrayProgram& program) { return Planner(program).Plan(); }

}  // namespace colonnade::machine
