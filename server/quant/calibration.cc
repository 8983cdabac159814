// SPDX-License-Identifier: Apache-2.0
#include "server/quant/calibration.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "server/quant/quantized_network.h"

namespace colonnade::quant {
namespace {

// A bin is a float's sign, exponent and leading mantissa bits.
constexpr int kMantissaBits = 5;
constexpr int kDroppedBits = 23 - kMantissaBits;
constexpr uint32_t kBins = uint32_t{1} << (32 - kDroppedBits);
constexpr uint32_t kSignBit = kBins / 2;
constexpr uint32_t kExponents = 0xff;

uint32_t BinOf(float value) { return std::bit_cast<uint32_t>(value) >> kDroppedBits; }

uint32_t ExponentOf(uint32_t bin) { return (bin >> kMantissaBits) & kExponents; }

constexpr int kSamples = 8;  // of a bin

double WidthOf(uint32_t bin) {
  return std::ldexp(1.0, static_cast<int>(ExponentOf(bin)) - 127 - kMantissaBits);
}

// The bin's value nearest to 0; subnormal numbers count as 0.
double StartOf(uint32_t bin) { return ExponentOf(bin) == 0 ? 0 : std::bit_cast<float>(bin << kDroppedBits); }

double SquaredErrorAt(double x, double scale, const Tensor& tensor) {
  const double q = std::clamp<double>(std::floor(x / scale + 0.5), tensor.lowest(), tensor.highest());
  return (x - scale * q) * (x - scale * q);
}

// The mean over values spread evenly over the bin.
double SquaredErrorOf(uint32_t bin, double scale, const Tensor& tensor) {
  const double start = StartOf(bin);
  if (start == 0) return 0;
  const double width = std::copysign(WidthOf(bin), start);
  const bool is_inside =
      tensor.lowest() * scale <= start + width && start + width <= tensor.highest() * scale;
  if (is_inside && std::abs(width) >= scale) return scale * scale / 12;
  double sum = 0;
  for (int i = 0; i < kSamples; ++i)
    sum += SquaredErrorAt(start + width * (i + 0.5) / kSamples, scale, tensor);
  return sum / kSamples;
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

double RangeObserver::Magnitude(int layer, double percent) const {
  const Layer& seen = layers_[layer];
  const uint64_t all = std::accumulate(seen.counts.begin(), seen.counts.end(), uint64_t{0});
  const double wanted = percent * static_cast<double>(all) / 100;
  const double largest = std::max<double>(-seen.lowest, seen.highest);
  uint64_t within = 0;
  for (uint32_t bin = 0; bin < kSignBit; ++bin) {
    within += seen.counts[bin] + seen.counts[bin + kSignBit];
    if (static_cast<double>(within) < wanted) continue;
    return StartOf(bin) == 0 ? 0 : std::min(StartOf(bin) + WidthOf(bin), largest);
  }
  return largest;
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
