// SPDX-License-Identifier: Apache-2.0
#include "server/training/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

namespace colonnade::training {

using at::Tensor;

struct Weights::Slot {
  Module::Parameter parameter;
  Tensor value;           // what is trained; its gradient
  Tensor momentum, mask;  // mask undefined where nothing is ever pruned
  std::optional<Cells> cells;
};

Weights::~Weights() = default;

Weights::Weights(Module& module, std::vector<Cells> cells) {
  for (const Module::Parameter& parameter : module.Parameters()) {
    Slot& slot = slots_.emplace_back(Slot{parameter, *parameter.tensor, {}, {}, {}});
    if (parameter.trained) slot.momentum = at::zeros_like(slot.value);
    if (parameter.weight_matrix) slot.mask = slot.value.ne(0).to(at::kFloat);
    if (parameter.trained) slot.value.set_requires_grad(true);
    if (!parameter.weight_matrix) continue;
    const auto named = [&](const Cells& c) { return c.layer + ".weight" == parameter.name; };
    const auto found = std::find_if(cells.begin(), cells.end(), named);
    if (found != cells.end()) slot.cells = std::move(*found);
  }
}

void Weights::Compete() {
  const at::NoGradGuard no_gradients;
  for (Slot& slot : slots_) {
    if (!slot.cells) continue;
    const Tensor plain = slot.value.detach().contiguous();
    const std::span<const float> values(plain.data_ptr<float>(), size_t(plain.numel()));
    const std::vector<float> winners = Winners(*slot.cells, values);
    Tensor mask = at::empty(plain.sizes(), at::kFloat);
    std::copy(winners.begin(), winners.end(), mask.data_ptr<float>());
    slot.mask.copy_(mask);
  }
}

void Weights::Present(double factor) {
  for (Slot& slot : slots_) {
    if (!slot.cells) {
      *slot.parameter.tensor = slot.value;
      continue;
    }
    if (factor > 0) {
      *slot.parameter.tensor = slot.value + (slot.value * (slot.mask - 1) * (1 - factor)).detach();
      continue;
    }
    const at::NoGradGuard no_gradients;
    slot.value.mul_(slot.mask);
    *slot.parameter.tensor = slot.value;
    slot.cells.reset();
  }
}

void Weights::PresentAs(const Shape& shape) {
  for (Slot& slot : slots_) {
    if (!slot.parameter.trained) continue;
    const Tensor shaped = shape(slot.parameter, slot.value);
    if (shaped.defined()) *slot.parameter.tensor = shaped;
  }
}

void Weights::Step(double rate, double momentum, double decay) {
  const at::NoGradGuard no_gradients;
  for (Slot& slot : slots_) {
    if (!slot.parameter.trained || !slot.value.grad().defined()) continue;
    Tensor gradient = slot.value.grad().add(slot.value, decay);
    slot.momentum.mul_(momentum).add_(gradient);
    slot.value.sub_(gradient.add_(slot.momentum, momentum), rate);
    if (slot.mask.defined() && !slot.cells) slot.value.mul_(slot.mask);
    slot.value.mutable_grad().reset();
  }
}

bool Weights::Finite() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.value.isfinite().all().item<bool>(); });
}

std::vector<std::pair<std::string, Tensor>> Weights::State() const {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const Slot& slot : slots_) {
    tensors.emplace_back(slot.parameter.name, slot.value.detach());
    if (slot.momentum.defined()) tensors.emplace_back(slot.parameter.name + ".momentum", slot.momentum);
    if (slot.mask.defined()) tensors.emplace_back(slot.parameter.name + ".mask", slot.mask);
  }
  return tensors;
}

}  // namespace colonnade::training
