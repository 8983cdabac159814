// SPDX-License-Identifier: Apache-2.0
// A Network as an ONNX file.
#pragma once

#include <string>

#include "server/nn/network.h"

namespace colonnade::onnx {

// Plain ONNX of opset 13, float32, for a batch of any size, that any runtime and
// ImportOnnx() read: the same function as `network`. BatchNorms are kept; a Shift
// becomes a depthwise Conv with one-hot kernels, a Subsample a Slice, PadChannels
// a Pad. Node names are the layers' names. REQUIRES: shapes inferred, and less
// than 2 GiB of weights.
std::string ExportOnnx(const nn::Network& network);

}  // namespace colonnade::onnx
