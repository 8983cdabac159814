// SPDX-License-Identifier: Apache-2.0
// From a float network to an integer network in tests.
#pragma once

#include <span>
#include <vector>

#include "server/quant/calibration.h"
#include "server/quant/io.h"
#include "server/quant/quantize.h"
#include "server/quant/reference_network.h"
#include "tests/support/float_network.h"

namespace colonnade::quant {

using Image = std::vector<float>;

inline RangeObserver Calibrate(const nn::Network& network, std::span<const Image> images) {
  RangeObserver observer;
  for (const Image& image : images) {
    const std::vector<std::vector<float>> layers = RunFloatLayers(network, image);
    for (size_t i = 0; i < layers.size(); ++i) observer.Observe(static_cast<int>(i), layers[i]);
  }
  return observer;
}

inline std::vector<uint8_t> ToBytes(const QuantizedNetwork& network, const Image& image) {
  std::vector<uint8_t> bytes;
  for (const float value : image) bytes.push_back(QuantizeInputValue(network.tensors[0], value));
  return bytes;
}

// Real logits of the integer network, before any Softmax.
inline std::vector<float> RunReal(const QuantizedNetwork& network, const Image& image) {
  const std::vector<int32_t> results = RunQuantized(network, ToBytes(network, image));
  std::vector<float> logits(results.size());
  ToReal(results, network.logit_scale, logits);
  return logits;
}

}  // namespace colonnade::quant
