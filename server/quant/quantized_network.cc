// SPDX-License-Identifier: Apache-2.0
#include "server/quant/quantized_network.h"

#include <fmt/format.h>

#include <cmath>

#include "server/base/status.h"
#include "server/quant/check_layer.h"

namespace colonnade::quant {
namespace {

constexpr int64_t kMaxTensorValues = int64_t{1} << 26;

struct Inputs {
  std::vector<int> operator()(const AddLayer& layer) const { return {layer.a, layer.b}; }
  std::vector<int> operator()(const ConcatLayer& layer) const { return layer.inputs; }
  template <typename Layer>
  std::vector<int> operator()(const Layer& layer) const {
    return {layer.input};
  }
};

absl::Status CheckScale(std::string_view field, double scale) {
  if (scale > 0 && std::isfinite(scale)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} is {}; must be positive and finite", field, scale));
}

absl::Status CheckTensor(const Tensor& tensor) {
  COLONNADE_RETURN_IF_ERROR(CheckScale("scale", tensor.scale));
  const nn::Shape& shape = tensor.shape;
  COLONNADE_RETURN_IF_ERROR(CheckField("channels", shape.channels, 1, kMaxTensorValues));
  COLONNADE_RETURN_IF_ERROR(CheckField("height", shape.height, 1, kMaxTensorValues / shape.channels));
  return CheckField("width", shape.width, 1, kMaxTensorValues / shape.channels / shape.height);
}

absl::Status CheckLayer(const LayerPlace& place, const QuantizedLayer& layer) {
  const std::vector<int> inputs = InputsOf(layer);
  for (const int input : inputs) {
    COLONNADE_RETURN_IF_ERROR(CheckField("an input tensor", input, 0, place.output - 1));
  }
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.operation))
    return CheckMatrixLayer(place, *matrix);
  return CheckHostLayer(place, std::get<HostLayer>(layer.operation));
}

}  // namespace

std::vector<int> InputsOf(const MatrixLayer& layer) {
  if (layer.residual) return {layer.input, layer.residual->tensor};
  return {layer.input};
}

std::vector<int> InputsOf(const HostLayer& layer) { return std::visit(Inputs{}, layer); }

std::vector<int> InputsOf(const QuantizedLayer& layer) {
  return std::visit([](const auto& operation) { return InputsOf(operation); }, layer.operation);
}

absl::Status Check(const QuantizedNetwork& network) {
  if (network.layers.empty()) return absl::InvalidArgumentError("the network has no layers");
  if (network.tensors.size() != network.layers.size() + 1) {
    return absl::InvalidArgumentError(fmt::format("{} tensors for {} layers; one per layer and the input",
                                                  network.tensors.size(), network.layers.size()));
  }
  COLONNADE_RETURN_IF_ERROR(CheckScale("logit_scale", network.logit_scale));
  for (size_t i = 0; i < network.tensors.size(); ++i) {
    const absl::Status status = CheckTensor(network.tensors[i]);
    if (!status.ok()) return Annotate(status, fmt::format("tensor {} '{}'", i, network.tensors[i].name));
  }
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const absl::Status status = CheckLayer({network, static_cast<int>(i) + 1}, network.layers[i]);
    if (!status.ok()) return Annotate(status, fmt::format("layer '{}'", network.layers[i].name));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::quant
