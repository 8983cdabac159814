// SPDX-License-Identifier: Apache-2.0
// Single layers of random integer networks, each as a network of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade {

// The layers of RandomPackedNetwork(seed) that read one tensor, which is then the input.
// Together the seeds use every kind of layer but additions and concatenations.
std::vector<quant::QuantizedNetwork> LoneLayers(uint64_t seed);

}  // namespace colonnade
