// SPDX-License-Identifier: Apache-2.0
#include "server/quant/check_layer.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "server/base/status.h"

namespace colonnade::quant {

absl::Status CheckField(std::string_view field, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} is {}; must be {} to {}", field, value, low, high));
}

absl::Status CheckClamp(const Tensor& output, int low, int high) {
  COLONNADE_RETURN_IF_ERROR(CheckField("low", low, output.lowest(), output.highest()));
  return CheckField("high", high, low, output.highest());
}

absl::Status CheckScales(const Tensor& a, int exponent, const Tensor& b) {
  if (std::ldexp(a.scale, exponent) == b.scale) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("scale {} of tensor '{}' times 2^{} is not the scale {} of '{}'", a.scale, a.name, exponent,
                  b.scale, b.name));
}

absl::Status CheckShape(const LayerPlace& place, nn::Operation operation, const std::vector<int>& inputs) {
  nn::Network shapes;
  std::vector<int> operands;
  for (const int input : inputs) {
    operands.push_back(static_cast<int>(shapes.layers.size()));
    shapes.layers.push_back({place.in(input).name, nn::Input{}, {}, place.in(input).shape});
  }
  COLONNADE_RETURN_IF_ERROR(
      nn::AppendLayer(shapes, {place.out().name, std::move(operation), std::move(operands), {}}));
  const nn::Shape& derived = shapes.layers.back().output;
  if (derived == place.out().shape) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("its output has shape {}; its inputs give {}",
                                                nn::ToString(place.out().shape), nn::ToString(derived)));
}

}  // namespace colonnade::quant
