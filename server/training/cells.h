// SPDX-License-Identifier: Apache-2.0
// Weights that compete for a cell of the packed filter matrix.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace colonnade::training {

// Of one matrix layer: which weights share a cell, so that at most one of them survives.
// Vectors are ordered as the layer's weights.
struct Cells {
  std::string layer;
  std::vector<int32_t> of_weight;  // 0 .. count - 1; -1 for a weight that is pruned anyway
  int32_t count = 0;
  std::vector<float> importance;   // a weight w competes with w^2 * importance, >= 0
};

// For each weight whether it wins its cell: 1 or 0. Of equal ones the first wins, and
// no zero does, so a cell has at most one winner. `weights` has one per of_weight.
std::vector<float> Winners(const Cells& cells, std::span<const float> weights);

}  // namespace colonnade::training
