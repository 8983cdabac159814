// SPDX-License-Identifier: Apache-2.0
// The plainest evaluation of an integer network, unpacked: the oracle for everything
// that runs packed programs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade::quant {

// The result for one image: logits' accumulators, or the last tensor's q. `bytes` is
// q + zero point, channel-major. Sums are 64 bits wide and nothing is reordered,
// skipped or shared between layers; slow, thread-safe.
// REQUIRES: Check(network) is OK; bytes.size() is the input shape's size.
std::vector<int32_t> RunQuantized(const QuantizedNetwork& network, std::span<const uint8_t> bytes);

// The same for every tensor, by index: q, or accumulators for logits.
std::vector<std::vector<int32_t>> RunQuantizedLayers(const QuantizedNetwork& network,
                                                     std::span<const uint8_t> bytes);

// The tensor after `values`, which are q of the tensors before it, by index.
// REQUIRES: those that the layer reads are there; others may be empty.
std::vector<int32_t> RunNextLayer(const QuantizedNetwork& network, const std::vector<std::vector<int32_t>>& values);

}  // namespace colonnade::quant
