// SPDX-License-Identifier: Apache-2.0
// The values a filter's accumulator can take.
#pragma once

#include "server/quant/quantized_network.h"

namespace colonnade::quant {

struct AccumulatorRange {
  int64_t lowest = 0;
  int64_t highest = 0;

  // Whether a 32-bit accumulator holds every value of the range.
  bool FitsInt32() const;
};

// The exact range of acc[row] over all input bytes and residual bytes. Since every
// tensor's range of q includes 0, partial sums that begin with the bias stay within
// it too, in whichever order the products are added. `residual` is the tensor of
// layer.residual, or null when there is none.
// REQUIRES: 0 <= shift[row] + exponent <= 31; the layer's sizes fit each other.
AccumulatorRange RangeOf(const MatrixLayer& layer, int row, const Tensor& input, const Tensor* residual);

}  // namespace colonnade::quant
