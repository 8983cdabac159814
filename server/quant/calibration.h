// SPDX-License-Identifier: Apache-2.0
// What choosing scales needs to know about a float network's activations.
//
//   RangeObserver observer;
//   for (each calibration image) for (each layer) observer.Observe(layer, activations);
//   Quantize(network, observer, options);
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace colonnade::quant {

// For each layer (an index into nn::Network::layers, [0] the input) the smallest and
// largest value and a histogram whose bins are 1/32 of a binary octave wide. Observing
// costs a few operations per value, asking afterwards nothing of the data. 128 KiB per
// observed layer. Not thread-safe.
class RangeObserver {
 public:
  // Any number of times per layer, in any order.
  void Observe(int layer, std::span<const float> values);

  // Whether the layer was observed with at least one value.
  bool Has(int layer) const;

  // Whether all its values were finite. Other values are in none of the statistics.
  bool IsFinite(int layer) const { return layers_[layer].is_finite; }

  // REQUIRES of what follows: Has(layer).
  float lowest(int layer) const { return layers_[layer].lowest; }
  float highest(int layer) const { return layers_[layer].highest; }

  // The least magnitude that at least `percent` %, above 0 and at most 100, of the values do
  // not exceed; 0 when so many are 0. Taken from the histogram, so up to 1/32 too large, but
  // never above the largest.
  double Magnitude(int layer, double percent) const;

  // The sum over all values x of (x - scale * q)^2, with q the nearest 8-bit value that
  // a signed or unsigned tensor has. Estimated from the histogram: within a bin wider
  // than a step errors are taken as uniform, scale^2 / 12 each.
  double SquaredError(int layer, double scale, bool is_signed) const;

 private:
  struct Layer {
    bool is_finite = true;
    float lowest = std::numeric_limits<float>::infinity();
    float highest = -std::numeric_limits<float>::infinity();
    std::vector<uint64_t> counts;  // by the leading bits of the float
  };

  std::vector<Layer> layers_;
};

}  // namespace colonnade::quant
