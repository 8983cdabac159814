// SPDX-License-Identifier: Apache-2.0
// Magnitude pruning of one layer, the step before grouping in each round of the
// paper's iterative training (arXiv:1811.04770; its beta is `fraction`).
#pragma once

#include <cstdint>

#include "server/nn/filter_matrix.h"

namespace colonnade::packing {

// Sets the floor(fraction * n) smallest of the matrix' n nonzero weights to zero, of
// equal magnitudes those that come first. Returns their number.
// REQUIRES: 0 <= fraction <= 1.
int64_t PruneMagnitude(double fraction, nn::FilterMatrix& matrix);

}  // namespace colonnade::packing
