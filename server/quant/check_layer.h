// SPDX-License-Identifier: Apache-2.0
// The parts of Check(QuantizedNetwork), one per kind of layer. Private to quant/.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

inline constexpr int kMaxLeftShift = 16;  // of an addition's operands and of average pools

// A layer's place: the tensors before `output` exist, `output` is what it writes.
struct LayerPlace {
  const QuantizedNetwork& network;
  int output;

  const Tensor& in(int index) const { return network.tensors[index]; }
  const Tensor& out() const { return network.tensors[output]; }
};

// INVALID_ARGUMENT "`field` is `value`; must be `low` to `high`" unless it is.
absl::Status CheckField(std::string_view field, int64_t value, int64_t low, int64_t high);

// lowest of the output tensor <= low <= high <= highest.
absl::Status CheckClamp(const Tensor& output, int low, int high);

// `a`'s scale times 2^exponent is exactly `b`'s.
absl::Status CheckScales(const Tensor& a, int exponent, const Tensor& b);

// Derives the shape that `operation` gives for tensors of these indices, with the
// rules of nn::InferShapes, and compares it with the output tensor's.
absl::Status CheckShape(const LayerPlace& place, nn::Operation operation, const std::vector<int>& inputs);

// REQUIRES of both: every tensor the layer reads is an earlier one.
absl::Status CheckMatrixLayer(const LayerPlace& place, const MatrixLayer& layer);
absl::Status CheckHostLayer(const LayerPlace& place, const HostLayer& layer);

}  // namespace colonnade::quant
