// SPDX-License-Identifier: Apache-2.0
#include "server/quant/filter_scales.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace colonnade::quant {
namespace {

constexpr double kLargestAccumulator = std::numeric_limits<int32_t>::max();

double LargestMagnitude(const Tensor& tensor) { return std::max(-tensor.lowest(), tensor.highest()); }

// An upper bound of |acc| before a residual: rounding adds less than one to a weight, at most a half to a bias.
double AccumulatorBound(const FilterBounds& filter, double weight_scale, const Tensor& input) {
  const double products = (filter.sum / weight_scale + filter.nonzeros) * LargestMagnitude(input);
  return products + filter.bias / (weight_scale * input.scale) + 0.5;
}

bool ShiftFits(const FilterBounds& filter, const LayerScales& scales, int shift) {
  const double weight_scale = std::ldexp(scales.output_scale / scales.input.scale, -shift);
  if (filter.largest > kMaxWeight * weight_scale) return false;
  double bound = AccumulatorBound(filter, weight_scale, scales.input);
  if (scales.residual != nullptr) {
    bound += std::ldexp(LargestMagnitude(*scales.residual), shift + scales.residual_exponent);
  }
  return bound <= kLargestAccumulator;
}

// Half away from zero, and no weight to zero.
double Units(double weight, double scale) {
  if (weight == 0) return 0;
  const double magnitude = std::clamp<double>(std::round(std::abs(weight / scale)), 1, kMaxWeight);
  return std::copysign(magnitude, weight);
}

}  // namespace

std::vector<FilterBounds> BoundsOf(const nn::FilterMatrix& matrix, std::span<const float> bias) {
  std::vector<FilterBounds> filters(matrix.rows);
  for (int row = 0; row < matrix.rows; ++row) {
    FilterBounds& filter = filters[row];
    filter.bias = std::abs(bias[row]);
    for (int column = 0; column < matrix.columns; ++column) {
      const double weight = std::abs(matrix.at(row, column));
      filter.largest = std::max(filter.largest, weight);
      filter.sum += weight;
      filter.nonzeros += weight != 0;
    }
  }
  return filters;
}

std::optional<int> LargestShift(const FilterBounds& filter, const LayerScales& scales) {
  for (int shift = kMaxShift; shift >= 0; --shift) {
    if (ShiftFits(filter, scales, shift)) return shift;
  }
  return std::nullopt;
}

double LogitWeightScale(std::span<const FilterBounds> filters, const Tensor& input) {
  double largest = 0, bias = 0;
  for (const FilterBounds& filter : filters) {
    largest = std::max(largest, filter.largest);
    bias = std::max(bias, filter.bias);
  }
  double scale = largest / kMaxWeight;
  if (largest == 0) scale = bias == 0 ? 1.0 : std::ldexp(bias / input.scale, -kMaxShift);
  const auto overflows = [&](const FilterBounds& filter) {
    return AccumulatorBound(filter, scale, input) > kLargestAccumulator;
  };
  while (std::any_of(filters.begin(), filters.end(), overflows)) scale *= 2;
  return scale;
}

void RoundWeights(const nn::FilterMatrix& matrix, std::span<const float> bias, double input_scale,
                  std::span<const double> weight_scale, MatrixLayer& layer) {
  layer.weights = {matrix.rows, matrix.columns, {}, matrix.column_sites};
  layer.weights.values.reserve(matrix.values.size());
  for (int row = 0; row < matrix.rows; ++row) {
    for (int column = 0; column < matrix.columns; ++column) {
      layer.weights.values.push_back(static_cast<int8_t>(Units(matrix.at(row, column), weight_scale[row])));
    }
    layer.bias.push_back(static_cast<int32_t>(std::llround(bias[row] / (weight_scale[row] * input_scale))));
  }
}

}  // namespace colonnade::quant
