// SPDX-License-Identifier: Apache-2.0
// The plainest possible meaning of a Network in floats, for comparison.
#pragma once

#include <span>
#include <vector>

#include "server/nn/network.h"

namespace colonnade {

// Output of the last layer for one image, channel-major; sums in double.
// REQUIRES: shapes inferred, image.size() == network.input_shape().size().
std::vector<float> RunFloat(const nn::Network& network, std::span<const float> image);

// The same for every layer, by layer index; [0] is the image.
std::vector<std::vector<float>> RunFloatLayers(const nn::Network& network, std::span<const float> image);

// Largest difference, relative to the larger magnitude but at least to 1.
// Infinite when the sizes differ.
double Difference(std::span<const float> a, std::span<const float> b);

}  // namespace colonnade
