// SPDX-License-Identifier: Apache-2.0
#include "server/quant/calibration.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/quant/quantized_network.h"

namespace colonnade::quant {
namespace {

// A bin is a float's sign, exponent and leading mantissa bits.
constexpr int kMantissaBits = 5;
constexpr int kDroppedBits = 23 - kMantissaBits;
constexpr uint32_t kBins = uint32_t{1} << (32 - kDroppedBits);
constexpr uint32_t kExponents = 0xff;

uint32_t BinOf(float value) { return std::bit_cast<uint32_t>(value) >> kDroppedBits; }

uint32_t ExponentOf(uint32_t bin) { return (bin >> kMantissaBits) & kExponents; }

// The middle of a bin; subnormal numbers count as 0.
double MiddleOf(uint32_t bin) {
  if (ExponentOf(bin) == 0) return 0;
  return std::bit_cast<float>((bin << kDroppedBits) | (uint32_t{1} << (kDroppedBits - 1)));
}

double WidthOf(uint32_t bin) {
  return std::ldexp(1.0, static_cast<int>(ExponentOf(bin)) - 127 - kMantissaBits);
}

double SquaredErrorOf(uint32_t bin, double scale, const Tensor& tensor) {
  const double x = MiddleOf(bin);
  const double q = std::floor(x / scale + 0.5);
  const bool is_inside = tensor.lowest() <= q && q <= tensor.highest();
  if (is_inside && WidthOf(bin) > scale) return scale * scale / 12;
  const double error = x - scale * std::clamp<double>(q, tensor.lowest(), tensor.highest());
  return error * error;
}

}  // namespace

void RangeObserver::Observe(int layer, std::span<const float> values) {
  if (layer >= static_cast<int>(layers_.size())) layers_.resize(layer + 1);
  Layer& seen = layers_[layer];
  seen.counts.resize(kBins);
  for (const float value : values) {
    if (ExponentOf(BinOf(value)) == kExponents) {
      seen.is_finite = false;
      continue;
    }
    seen.lowest = std::min(seen.lowest, value);
    seen.highest = std::max(seen.highest, value);
    ++seen.counts[BinOf(value)];
  }
}

bool RangeObserver::Has(int layer) const {
  if (layer >= static_cast<int>(layers_.size())) return false;
  return !layers_[layer].is_finite || layers_[layer].lowest <= layers_[layer].highest;
}

double RangeObserver::SquaredError(int layer, double scale, bool is_signed) const {
  const Tensor tensor{{}, {}, scale, is_signed};
  double sum = 0;
  for (uint32_t bin = 0; bin < kBins; ++bin) {
    const uint64_t count = layers_[layer].counts[bin];
    if (count > 0) sum += static_cast<double>(count) * SquaredErrorOf(bin, scale, tensor);
  }
  return sum;
}

}  // namespace colonnade::quant
