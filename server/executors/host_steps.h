// SPDX-License-Identifier: Apache-2.0
// The steps beside the array: additions, pools, shifts, copies. Every executor
// shares them; only matrix steps are implemented apart from each other.
#pragma once

#include <cstdint>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade::executors {

// Computes `bytes[output]` (sized already) from the earlier tensors. Semantics are
// those of quant::HostLayer; bytes are q + zero point, channel-major.
// REQUIRES: the layer passed quant::Check with these tensors.
void RunHostStep(const quant::HostLayer& layer, const std::vector<quant::Tensor>& tensors, int output,
                 std::vector<std::vector<uint8_t>>& bytes);

}  // namespace colonnade::executors
