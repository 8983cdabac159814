// SPDX-License-Identifier: Apache-2.0
// The dense network of the quickstart, before training.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade {

// Three 3x3 convolutions with BatchNorm and ReLU, the second one with stride 2, and a
// linear layer over the flattened map. `filters` has the three convolutions' numbers.
// Weights are drawn from `seed`.
absl::StatusOr<nn::Network> UntrainedCnn(const nn::Shape& image, const std::vector<int>& filters, int classes,
                                         uint64_t seed);

}  // namespace colonnade
