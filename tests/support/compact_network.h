// SPDX-License-Identifier: Apache-2.0
// Small random residual networks that the compact machine runs: convolutions in blocks of eight
// channels, shortcuts with and without strides and padded channels, an average, logits.
#pragma once

#include <cstdint>
#include <memory>

#include "server/array/array_program.h"

namespace colonnade {

// The same seed gives the same program, for 8x8a8-i1-w1-channel_block. Together the seeds use images
// of several sizes and several strips, strides, all signs of the input, shifts from 0 to 24, empty
// filters with larger ones, sums that saturate, and residuals of either scale order.
std::shared_ptr<const array::ArrayProgram> RandomCompactProgram(uint64_t seed);

}  // namespace colonnade
