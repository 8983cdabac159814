// SPDX-License-Identifier: Apache-2.0
#include "server/quant/accumulator_range.h"

#include <limits>

namespace colonnade::quant {
namespace {

// Adds factor * q for q anywhere in the tensor's range.
void Widen(AccumulatorRange& range, const Tensor& tensor, int64_t factor) {
  range.lowest += factor * (factor < 0 ? tensor.highest() : tensor.lowest());
  range.highest += factor * (factor < 0 ? tensor.lowest() : tensor.highest());
}

}  // namespace

bool AccumulatorRange::FitsInt32() const {
  return lowest >= std::numeric_limits<int32_t>::min() && highest <= std::numeric_limits<int32_t>::max();
}

AccumulatorRange RangeOf(const MatrixLayer& layer, int row, const Tensor& input, const Tensor* residual) {
  AccumulatorRange range{layer.bias[row], layer.bias[row]};
  for (int column = 0; column < layer.weights.columns; ++column) {
    Widen(range, input, layer.weights.at(row, column));
  }
  if (residual) Widen(range, *residual, int64_t{1} << (layer.shift[row] + layer.residual->exponent));
  return range;
}

}  // namespace colonnade::quant
