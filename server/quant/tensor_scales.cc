// SPDX-License-Identifier: Apache-2.0
#include "server/quant/tensor_scales.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "server/base/disjoint_sets.h"

namespace colonnade::quant {

// Three relations tie tensors together, from strong to weak:
//
//   same scale      what a MaxPool, Shift, Subsample, PadChannels, Flatten, Concat or
//                   Clip of its own reads and writes: one class
//   same mantissa   also an average pool's two sides, which differ by 2^-left
//   same sign       as same scale with average pools, but without Clips
//
// A class' scale is mantissa * 2^exponent. The exponent is chosen on the tensors that are
// computed by rounding (its definers), as the values moved through the rest are the same
// ones: the exponent whose squared error, summed over them, is least, or the finest that
// saturates none of them, or little of each. Mantissas are 1, since an addition
// needs scales that differ by a power of two, but the input's may be free: then the
// largest input becomes exactly the largest quantized value. A matrix layer's weight
// scales absorb any ratio.
//
// A tensor is signed when any tensor of its sign class can be negative by structure:
// not after a Clip from 0, nor when moved, pooled or added from tensors that cannot.
namespace {

constexpr int kSearchedExponents = 6;  // the one that saturates nothing and five finer
constexpr int kExponentOfZeros = -7;   // for a tensor that never had another value

bool MovesValues(const nn::Layer& layer) {
  return layer.as<nn::MaxPool>() || layer.as<nn::Shift>() || layer.as<nn::Subsample>() ||
         layer.as<nn::PadChannels>() || layer.as<nn::Flatten>() || layer.as<nn::Concat>();
}

bool Averages(const nn::Layer& layer) {
  return layer.as<nn::AveragePool>() || layer.as<nn::GlobalAveragePool>();
}

bool IsAddition(const nn::Layer& layer, const FusedLayer& fused) {
  return layer.as<nn::Add>() || (layer.is_matrix() && fused.inputs.size() > 1);
}

// What calibration or the caller says about the input.
InputRange RangeOfInput(const RangeObserver& ranges, const QuantizeOptions& options) {
  return options.input_range.value_or(InputRange{ranges.lowest(0), ranges.highest(0)});
}

// The scale at which the range just fits.
double ScaleOfInput(const InputRange& range) {
  const double scale = range.low < 0 ? std::max(range.high / 127.0, range.low / -128.0) : range.high / 255.0;
  return scale > 0 ? scale : std::ldexp(1.0, kExponentOfZeros);
}

// The least exponent with scale * highest q >= magnitude.
int CoveringExponent(double magnitude, double mantissa, bool is_signed) {
  return static_cast<int>(std::ceil(std::log2(magnitude / (mantissa * (is_signed ? 127 : 255)))));
}

// The largest magnitude that must not saturate.
double CoveredMagnitude(const RangeObserver& ranges, int tensor, const QuantizeOptions& options) {
  const double largest = std::max<double>(-ranges.lowest(tensor), ranges.highest(tensor));
  if (options.calibration != Calibration::kPercentile) return largest;
  const double magnitude = ranges.Magnitude(tensor, options.percentile);
  return magnitude > 0 ? magnitude : largest;
}

}  // namespace

TensorScales::TensorScales(const nn::Network& network, const FusedNetwork& fused, const RangeObserver& ranges,
                           const QuantizeOptions& options)
    : signed_(network.layers.size()), class_(network.layers.size()) {
  const InputRange input = RangeOfInput(ranges, options);
  ChooseSigns(network, fused, input.low < 0);
  MakeClasses(network, fused);
  int exponent = 0;
  const double mantissa = std::frexp(ScaleOfInput(input), &exponent);
  for (Class& of : classes_) {
    if (of.has_input_mantissa) of.mantissa = mantissa;
    ChooseExponent(ranges, options, of);
  }
  Class& of_input = classes_[class_[0]];
  if (of_input.has_input_mantissa && of_input.definers.size() == 1) of_input.exponent = exponent;
  for (const FusedLayer& layer : fused.layers) {
    Class& of = classes_[class_[layer.result]];
    if (of.is_pool) of.exponent = std::min(of.exponent, classes_[class_[layer.inputs[0]]].exponent);
  }
}

double TensorScales::scale(int tensor) const {
  const Class& of = classes_[class_[tensor]];
  return std::ldexp(of.mantissa, of.exponent);
}

void TensorScales::ChooseSigns(const nn::Network& network, const FusedNetwork& fused, bool input_is_signed) {
  std::vector<bool> negative(network.layers.size());
  DisjointSets same_sign(static_cast<int>(network.layers.size()));
  negative[0] = input_is_signed;
  for (const FusedLayer& layer : fused.layers) {
    const nn::Layer& operation = network.layers[layer.operation];
    const bool any =
        std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](int t) { return negative[t]; });
    negative[layer.result] = layer.low < 0 && (operation.is_matrix() || any);
    if (!MovesValues(operation) && !Averages(operation)) continue;
    for (const int input : layer.inputs) same_sign.Join(input, layer.result);
  }
  std::vector<bool> set_is_signed(network.layers.size());
  for (size_t i = 0; i < negative.size(); ++i) {
    if (negative[i]) set_is_signed[same_sign.Find(static_cast<int>(i))] = true;
  }
  for (size_t i = 0; i < negative.size(); ++i)
    signed_[i] = set_is_signed[same_sign.Find(static_cast<int>(i))];
}

void TensorScales::MakeClasses(const nn::Network& network, const FusedNetwork& fused) {
  const int size = static_cast<int>(network.layers.size());
  DisjointSets same_scale(size), same_mantissa(size);
  for (const FusedLayer& layer : fused.layers) {
    const nn::Layer& operation = network.layers[layer.operation];
    const bool moves = MovesValues(operation) || operation.as<nn::Clip>();
    for (const int input : layer.inputs) {
      if (moves) same_scale.Join(input, layer.result);
      if (moves || Averages(operation)) same_mantissa.Join(input, layer.result);
    }
  }
  bool input_is_free = true;
  for (const FusedLayer& layer : fused.layers) {
    if (!IsAddition(network.layers[layer.operation], layer)) continue;
    const bool is_plain = network.layers[layer.operation].as<nn::Add>();
    std::vector<int> meeting(layer.inputs.begin() + (is_plain ? 0 : 1), layer.inputs.end());
    meeting.push_back(layer.result);
    for (const int tensor : meeting) input_is_free &= same_mantissa.Find(tensor) != same_mantissa.Find(0);
  }
  classes_.resize(size);
  for (int i = 0; i < size; ++i) {
    class_[i] = same_scale.Find(i);
    classes_[class_[i]].has_input_mantissa = input_is_free && same_mantissa.Find(i) == same_mantissa.Find(0);
  }
  classes_[class_[0]].definers.push_back(0);
  for (const FusedLayer& layer : fused.layers) {
    const nn::Layer& operation = network.layers[layer.operation];
    if (MovesValues(operation) || operation.as<nn::Clip>()) continue;
    Class& of = classes_[class_[layer.result]];
    of.is_pool = of.definers.empty() && Averages(operation);
    of.definers.push_back(layer.result);
  }
}

void TensorScales::ChooseExponent(const RangeObserver& ranges, const QuantizeOptions& options, Class& of) const {
  std::optional<int> covering;
  for (const int tensor : of.definers) {
    const double magnitude = CoveredMagnitude(ranges, tensor, options);
    if (magnitude <= 0) continue;
    const int exponent = CoveringExponent(magnitude, of.mantissa, signed_[tensor]);
    covering = std::max(exponent, covering.value_or(exponent));
  }
  of.exponent = covering.value_or(kExponentOfZeros);
  if (!covering || options.calibration != Calibration::kMeanSquaredError) return;
  double least = std::numeric_limits<double>::infinity();
  for (int exponent = *covering; exponent > *covering - kSearchedExponents; --exponent) {
    double error = 0;
    for (const int tensor : of.definers) {
      error += ranges.SquaredError(tensor, std::ldexp(of.mantissa, exponent), signed_[tensor]);
    }
    if (error >= least) continue;
    least = error;
    of.exponent = exponent;
  }
}

}  // namespace colonnade::quant
