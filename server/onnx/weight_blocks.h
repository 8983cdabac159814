// SPDX-License-Identifier: Apache-2.0
// Grouped convolutions are block-diagonal filter matrices in the integer network and
// weights without the zeros around the blocks in ONNX.
#pragma once

#include <cstdint>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade::onnx {

// The most blocks of equal size, rows by channels, that hold every nonzero weight.
// REQUIRES: columns are ordered by channel and a multiple of `channels`.
int BlocksOf(const quant::WeightMatrix& weights, int channels);

// [rows][columns / blocks]: of each row the columns of its block.
std::vector<int8_t> TakeBlocks(const quant::WeightMatrix& weights, int blocks);

}  // namespace colonnade::onnx
