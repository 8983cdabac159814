// SPDX-License-Identifier: Apache-2.0
#include "server/quant/io.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace colonnade::quant {
namespace {

constexpr uint32_t kExponentBits = 0x7f800000;

// Without branches, so that it is vectorized.
bool AllFinite(std::span<const float> values) {
  bool finite = true;
  for (const float value : values)
    finite &= (std::bit_cast<uint32_t>(value) & kExponentBits) != kExponentBits;
  return finite;
}

// floor(v) for v within the range of int; std::floor is a call on plain x86-64.
int Floor(double v) {
  const int truncated = static_cast<int>(v);
  return truncated - (truncated > v ? 1 : 0);
}

}  // namespace

uint8_t QuantizeInputValue(const Tensor& input, double x) {
  // Clamped before the conversion, which then cannot overflow; a half more on either
  // side leaves the result as it is.
  const double rounded = std::clamp(x / input.scale + 0.5, input.lowest() - 0.5, input.highest() + 0.5);
  return static_cast<uint8_t>(std::clamp(Floor(rounded), input.lowest(), input.highest()) +
                              input.zero_point());
}

absl::Status QuantizeInput(const Tensor& input, std::span<const float> values, std::span<uint8_t> bytes) {
  if (!AllFinite(values)) return absl::InvalidArgumentError("a value is not finite");
  const Tensor local{{}, {}, input.scale, input.is_signed};  // keeps the loop free of aliases
  for (size_t i = 0; i < values.size(); ++i) bytes[i] = QuantizeInputValue(local, values[i]);
  return absl::OkStatus();
}

void ToReal(std::span<const int32_t> results, double logit_scale, std::span<float> logits) {
  for (size_t i = 0; i < results.size(); ++i) logits[i] = static_cast<float>(results[i] * logit_scale);
}

void Softmax(std::span<float> logits) {
  if (logits.empty()) return;
  const double highest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> powers(logits.size());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) sum += powers[i] = std::exp(logits[i] - highest);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(powers[i] / sum);
}

}  // namespace colonnade::quant
