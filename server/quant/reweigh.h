// SPDX-License-Identifier: Apache-2.0
// Weights and biases between a float network and the integer network made from it, whose
// scales stay.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

// The real value of one unit of each filter's accumulator, by row: output scale * 2^-shift,
// for logits the logit scale. REQUIRES: layer `index` is a MatrixLayer.
std::vector<double> AccumulatorScales(const QuantizedNetwork& network, int index);

// `quantized` with the weights and biases of `network`, rounded to its scales; weights
// beyond the largest saturate. INVALID_ARGUMENT as Check(), for biases that an accumulator
// cannot hold. REQUIRES: `quantized` was made from a network with the same layers.
absl::StatusOr<QuantizedNetwork> WithWeightsOf(const nn::Network& network, QuantizedNetwork quantized);

// `network` with the biases of `quantized`, as floats come closest to their real values.
// REQUIRES: `quantized` was made from a network with the same layers.
nn::Network WithBiasesOf(const QuantizedNetwork& quantized, nn::Network network);

}  // namespace colonnade::quant
