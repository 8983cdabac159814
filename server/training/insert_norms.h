// SPDX-License-Identifier: Apache-2.0
// BatchNorms for networks that come with theirs folded, so that both kinds retrain
// equally well.
#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::training {

// Adds a BatchNorm ("NAME.norm") behind each Convolution and Linear that has none
// directly behind it, except the one that gives the logits. Mean and variance are
// estimated on `images` (normalized values), scale = sqrt(variance + epsilon) and
// bias = mean, so that the function is unchanged up to rounding. nn::FoldBatchNorms
// undoes it. REQUIRES: shapes inferred, no Softmax.
absl::StatusOr<nn::Network> InsertBatchNorms(const nn::Network& network, std::span<const float> images);

}  // namespace colonnade::training
