// SPDX-License-Identifier: Apache-2.0
// Choosing weight scales, and rounding weights and biases. Private to quant/.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "server/nn/filter_matrix.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

// What decides a filter's scale.
struct FilterBounds {
  double largest = 0;  // max |w|
  double sum = 0;      // of |w|
  int nonzeros = 0;
  double bias = 0;  // |bias|
};

std::vector<FilterBounds> BoundsOf(const nn::FilterMatrix& matrix, std::span<const float> bias);

// Where a matrix layer stands. Scales as in quantized_network.h.
struct LayerScales {
  const Tensor& input;
  double output_scale = 1.0;
  const Tensor* residual = nullptr;
  int residual_exponent = 0;
};

// The largest shift, at most kMaxShift, at which the filter's weights are within
// -127..127 and its accumulator within 32 bits for all inputs, with
//   weight scale = output scale / input scale * 2^-shift.
// A filter of zeros gets the finest scale for its bias. Nothing when not even 0 fits.
std::optional<int> LargestShift(const FilterBounds& filter, const LayerScales& scales);

// The weight scale for all rows of the logits: the least max |w| / 127 * 2^k, k >= 0,
// at which no accumulator can leave 32 bits.
double LogitWeightScale(std::span<const FilterBounds> filters, const Tensor& input);

// Rounds half away from zero: q = round(w / weight_scale[row]), saturated, but to 1 or -1 where
// that would be 0 and w is not, so that no cell of the array is spent on a zero; and the bias
// to bias / (weight_scale[row] * input scale).
void RoundWeights(const nn::FilterMatrix& matrix, std::span<const float> bias, double input_scale,
                  std::span<const double> weight_scale, MatrixLayer& layer);

}  // namespace colonnade::quant
