// SPDX-License-Identifier: Apache-2.0
// Closed-form repair of pruned layers (the family of optimal brain surgeon: OBS, and
// its layer-wise form).
#pragma once

#include <span>
#include <stop_token>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/training/cells.h"

namespace colonnade::training {

// `packed` with the weights that are not zero, and the biases, chosen anew, layer by layer
// from the input on, so that on `images` (normalized values) each filter's output comes
// closest to that of `dense` in the least squares. Zeros stay zeros, but in the layers of
// `cells`: there a weight may hand its cell to another one of it that serves better, unless the
// layer is so large that looking for one would take minutes. Layers with more than one group are
// left alone. Then BatchNorm statistics are estimated anew.
// Takes two passes up to each layer. REQUIRES: the networks have the same layers, shapes inferred.
// CANCELLED soon after a stop is requested.
absl::StatusOr<nn::Network> Compensate(const nn::Network& dense, const nn::Network& packed,
                                       std::span<const Cells> cells, std::span<const float> images,
                                       std::stop_token stop);

}  // namespace colonnade::training
