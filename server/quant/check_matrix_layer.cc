// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/quant/accumulator_range.h"
#include "server/quant/check_layer.h"

namespace colonnade::quant {
namespace {

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(message); }

absl::Status CheckSize(std::string_view field, size_t found, size_t expected) {
  if (found == expected) return absl::OkStatus();
  return Invalid(fmt::format("{} holds {} values; must hold {}", field, found, expected));
}

absl::Status CheckSizes(const MatrixLayer& layer) {
  const WeightMatrix& weights = layer.weights;
  COLONNADE_RETURN_IF_ERROR(CheckField("rows", weights.rows, 1, 1 << 26));
  COLONNADE_RETURN_IF_ERROR(CheckField("columns", weights.columns, 1, 1 << 26));
  COLONNADE_RETURN_IF_ERROR(
      CheckSize("weights", weights.values.size(), size_t(weights.rows) * weights.columns));
  COLONNADE_RETURN_IF_ERROR(CheckSize("column_sites", weights.column_sites.size(), weights.columns));
  COLONNADE_RETURN_IF_ERROR(CheckSize("bias", layer.bias.size(), weights.rows));
  return CheckSize("shift", layer.shift.size(), weights.rows);
}

// Every filter slides alike, so one of them stands for all.
absl::Status CheckWindow(const LayerPlace& place, const MatrixLayer& layer) {
  const int filters = place.out().shape.channels;
  COLONNADE_RETURN_IF_ERROR(CheckField("rows", layer.weights.rows, filters, filters));
  Tensor output = place.out();
  output.shape.channels = 1;
  const QuantizedNetwork pair{{}, {}, {place.in(layer.input), output}, {}};
  const nn::Convolution filter{1, 1, layer.window, std::vector<float>(layer.weights.columns), {0.0f}};
  return CheckShape({pair, 1}, filter, {0});
}

// REQUIRES: columns = channels * kernel_h * kernel_w.
absl::Status CheckSites(const MatrixLayer& layer) {
  const int width = layer.window.kernel_w;
  const int taps = layer.window.kernel_h * width;
  for (int column = 0; column < layer.weights.columns; ++column) {
    const nn::Column expected{column / taps, column % taps / width, column % width};
    if (layer.weights.column_sites[column] == expected) continue;
    return Invalid(fmt::format("column {} is not at channel {}, tap ({}, {})", column, expected.channel,
                               expected.dy, expected.dx));
  }
  return absl::OkStatus();
}

absl::Status CheckResidual(const LayerPlace& place, const MatrixLayer& layer) {
  const Residual& residual = *layer.residual;
  if (layer.is_logits) return Invalid("logits have no residual; add it in a layer of its own");
  const Tensor& tensor = place.in(residual.tensor);
  if (tensor.shape != place.out().shape) {
    return Invalid(fmt::format("its residual has shape {}, its output {}", nn::ToString(tensor.shape),
                               nn::ToString(place.out().shape)));
  }
  COLONNADE_RETURN_IF_ERROR(CheckScales(place.out(), residual.exponent, tensor));
  for (const int shift : layer.shift) {
    COLONNADE_RETURN_IF_ERROR(
        CheckField("shift + residual exponent", int64_t{shift} + residual.exponent, 0, kMaxShift));
  }
  return absl::OkStatus();
}

absl::Status CheckAccumulators(const LayerPlace& place, const MatrixLayer& layer) {
  const Tensor* residual = layer.residual ? &place.in(layer.residual->tensor) : nullptr;
  for (int row = 0; row < layer.weights.rows; ++row) {
    const AccumulatorRange range = RangeOf(layer, row, place.in(layer.input), residual);
    if (range.FitsInt32()) continue;
    return Invalid(
        fmt::format("row {} can reach {} to {}, which leaves 32 bits", row, range.lowest, range.highest));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMatrixLayer(const LayerPlace& place, const MatrixLayer& layer) {
  COLONNADE_RETURN_IF_ERROR(CheckSizes(layer));
  COLONNADE_RETURN_IF_ERROR(CheckWindow(place, layer));
  COLONNADE_RETURN_IF_ERROR(CheckSites(layer));
  if (std::find(layer.weights.values.begin(), layer.weights.values.end(), int8_t{-128}) !=
      layer.weights.values.end()) {
    return Invalid("a weight is -128; must be -127 to 127");
  }
  for (const int shift : layer.shift) COLONNADE_RETURN_IF_ERROR(CheckField("shift", shift, 0, kMaxShift));
  if (layer.is_logits) {
    const int last = static_cast<int>(place.network.tensors.size()) - 1;
    COLONNADE_RETURN_IF_ERROR(CheckField("the tensor of the logits", place.output, last, last));
  } else {
    COLONNADE_RETURN_IF_ERROR(CheckClamp(place.out(), layer.low, layer.high));
  }
  if (layer.residual) COLONNADE_RETURN_IF_ERROR(CheckResidual(place, layer));
  return CheckAccumulators(place, layer);
}

}  // namespace colonnade::quant
