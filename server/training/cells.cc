// SPDX-License-Identifier: Apache-2.0
#include "server/training/cells.h"

namespace colonnade::training {

std::vector<float> Winners(const Cells& cells, std::span<const float> weights) {
  std::vector<int64_t> winner(size_t(cells.count), -1);
  std::vector<float> best(size_t(cells.count), 0.0f);
  for (size_t i = 0; i < weights.size(); ++i) {
    if (cells.of_weight[i] < 0) continue;
    const auto cell = size_t(cells.of_weight[i]);
    const float score = weights[i] * weights[i] * cells.importance[i];
    if (score <= best[cell]) continue;
    best[cell] = score;
    winner[cell] = int64_t(i);
  }
  std::vector<float> mask(weights.size(), 0.0f);
  for (const int64_t i : winner) {
    if (i >= 0) mask[size_t(i)] = 1.0f;
  }
  return mask;
}

}  // namespace colonnade::training
