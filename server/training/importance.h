// SPDX-License-Identifier: Apache-2.0
// How much each weight matters, from a look at training images.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::training {

// By matrix layer name, one value per entry of its filter matrix ([rows][columns]): what
// pruning a weight w costs is about w^2 times its value.
using Importance = std::map<std::string, std::vector<float>>;

// The mean square of what each weight is multiplied with: the layer's output error when
// the inputs are uncorrelated. Taken per input channel over all pixels of `images`
// (normalized values). REQUIRES: shapes inferred.
absl::StatusOr<Importance> InputImportance(const nn::Network& network, std::span<const float> images);

// The diagonal of the Fisher information: the mean square of the gradient of -log p(y),
// with y drawn by `seed` from what the network itself says. No label is read.
// REQUIRES: shapes inferred, no Softmax.
absl::StatusOr<Importance> FisherImportance(const nn::Network& network, std::span<const float> images, uint64_t seed);

}  // namespace colonnade::training
