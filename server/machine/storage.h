// SPDX-License-Identifier: Apache-2.0
// Which tensors of an ArrayProgram lie in the activation memory, and for how long.
#pragma once

#include <optional>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::machine {

// A tensor in memory, under all its names.
struct Stored {
  nn::Shape shape;  // as it lies there: an image, even when a flattening follows
  // The steps that use it, both included; the input is there before the first one, in step -1.
  int first_step = 0, last_step = 0;
};

struct Storage {
  std::vector<Stored> stored;
  std::vector<std::optional<int>> of_tensor;  // index into `stored`; logits and what is absorbed have none
  // By step: the subsampling that a padding of channels does with its own, when nobody else reads it.
  std::vector<const quant::SubsampleLayer*> absorbed;

  // Whether step `index` has no step of the machine: a flattening, or absorbed by its reader.
  std::vector<bool> skipped;
};

// REQUIRES: array::Check(program). Pointers go into the program.
Storage PlanStorage(const array::ArrayProgram& program);

// The tensors that a step reads.
std::vector<int> InputsOf(const array::Step& step);

}  // namespace colonnade::machine
