// SPDX-License-Identifier: Apache-2.0
// What gradient descent keeps of each parameter: its value, momentum and mask.
// Internal to training/.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/training/cells.h"
#include "server/training/module.h"

namespace colonnade::training {

// The parameters of a module, which it changes. Where weights compete for cells, the
// module sees them times a factor, and gradients pass that factor as if it were 1.
class Weights {
 public:
  // `module` outlives it. Zeros of matrix layers are pruned weights.
  Weights(Module& module, std::vector<Cells> cells);
  ~Weights();

  // Decides who wins the cells.
  void Compete();

  // Shows the module the parameters, losers times `factor` (1 to 0). At 0 they are pruned.
  void Present(double factor);

  // Shows the module `shape` of each trained parameter, where that is defined. To be called
  // before each Forward(); Present() shows the parameters themselves again.
  using Shape = std::function<at::Tensor(const Module::Parameter& parameter, const at::Tensor& value)>;
  void PresentAs(const Shape& shape);

  // One step of Nesterov momentum along the gradients, which it consumes.
  void Step(double rate, double momentum, double decay);

  bool Finite() const;

  // By name, everything that later steps depend on.
  std::vector<std::pair<std::string, at::Tensor>> State() const;

 private:
  struct Slot;  // of one parameter

  std::vector<Slot> slots_;
};

}  // namespace colonnade::training
