// SPDX-License-Identifier: Apache-2.0
// Where floats become integers and integers floats again: the input, the logits and
// a trailing Softmax. Part of the specification, as requantization.h.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

// The byte of a real input value:
//
//   q    = min(max(floor(x / scale + 1/2), lowest), highest)     halves up, in double
//   byte = q + zero point
//
// REQUIRES: x is finite.
uint8_t QuantizeInputValue(const Tensor& input, double x);

// The same for whole images; `bytes` is as long as `values`, any number of images.
// INVALID_ARGUMENT when a value is not finite; then `bytes` is unspecified.
absl::Status QuantizeInput(const Tensor& input, std::span<const float> values, std::span<uint8_t> bytes);

// Real logits: float(result * logit_scale), the product in double.
void ToReal(std::span<const int32_t> results, double logit_scale, std::span<float> logits);

// In place, in double: exp(x - max) / sum. Any number of finite values.
void Softmax(std::span<float> logits);

}  // namespace colonnade::quant
