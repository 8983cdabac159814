// SPDX-License-Identifier: Apache-2.0
// From a float network to an integer network: fusion, scales, rounding of weights.
// How scales are chosen is a choice, not specification; see docs/numerics.md.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/quant/calibration.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

struct InputRange {
  float low = 0.0f;
  float high = 0.0f;
};

// How the scale of an activation tensor is chosen, among powers of two.
enum class Calibration {
  kMeanSquaredError,  // the least squared error, of rounding and saturation together
  kMaximum,           // the finest at which no value saturates
  kPercentile,        // the finest at which QuantizeOptions::percentile % do not; kMaximum for
                      // tensors in which so many are 0
};

struct QuantizeOptions {
  // The values that inputs can have, where they are known, as from normalized pixels;
  // else what calibration saw. An input below 0 makes the input tensor signed.
  std::optional<InputRange> input_range;
  Calibration calibration = Calibration::kMeanSquaredError;
  double percentile = 99.99;  // above 0, at most 100
};

// `ranges` observed every layer of this very network on calibration images. Weights
// round half away from zero, zeros stay zeros, so a packed network has no conflicts
// afterwards. The result passes Check(). REQUIRES: InferShapes(network) was OK.
//
// INVALID_ARGUMENT names the layer that cannot be an integer one, the reason and the
// remedy: a BatchNorm that is not folded (nn::FoldBatchNorms), a Softmax over an image,
// a layer that was not observed or had infinite values, weights that no scale fits.
absl::StatusOr<QuantizedNetwork> Quantize(const nn::Network& network, const RangeObserver& ranges,
                                          const QuantizeOptions& options = {});

}  // namespace colonnade::quant
