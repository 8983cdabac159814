// SPDX-License-Identifier: Apache-2.0
// The steps beside the array: additions, pools, shifts, copies. Every executor
// shares them; only matrix steps are implemented apart from each other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade::executors {

// Where a tensor's bytes (q + zero point) are: that of channel c at pixel (y, x) is
// origin[y * line + x * step + c * channel].
struct TensorView {
  const quant::Tensor* tensor = nullptr;
  uint8_t* origin = nullptr;
  int64_t channel = 1, step = 0, line = 0;
};

TensorView ChannelMajor(const quant::Tensor& tensor, uint8_t* bytes);

// Computes views[output] from the earlier ones, which lie apart from it. Semantics are
// those of quant::HostLayer. Fastest when all channels are side by side (channel = 1).
// REQUIRES: the layer passed quant::Check with these tensors.
void RunHostStep(const quant::HostLayer& layer, std::span<const TensorView> views, int output);

}  // namespace colonnade::executors
