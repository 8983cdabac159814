// SPDX-License-Identifier: Apache-2.0
// ONNX has no shift: it is written as a depthwise convolution.
#pragma once

#include <cstdint>
#include <vector>

#include "server/nn/network.h"

namespace colonnade::onnx {

// One kernel per channel, 1 at the channel's offset, else 0.
struct ShiftKernels {
  nn::Window window;
  std::vector<int8_t> values;  // [channels][kernel_h][kernel_w]
};

// REQUIRES: one offset per channel. Offsets that lead out of an image of this size are
// all the same, nothing is left of it; so no kernel is larger than the image twice.
ShiftKernels ToKernels(const nn::Shift& shift, const nn::Shape& image);

}  // namespace colonnade::onnx
