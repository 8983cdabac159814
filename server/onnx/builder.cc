// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/builder.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/status.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {

Builder::Builder(std::string input_name, const nn::Shape& image, int64_t batch, int64_t initializer_values)
    : batch_(batch), weights_left_(kMaxFoldedValues + 4 * initializer_values) {
  names_.insert(input_name);
  network_.input_name = input_name;
  network_.layers.push_back({std::move(input_name), nn::Input{}, {}, image});
}

std::vector<int64_t> Builder::dims(const Activation& activation) const {
  const nn::Shape& image = shape(activation);
  if (activation.rank == 2) return {batch_, image.size()};
  const Border& border = activation.border;
  return {batch_, image.channels, image.height + border.top + border.bottom,
          image.width + border.left + border.right};
}

std::string Builder::UniqueName(const NodeView& node) {
  std::string name = node.name();
  while (!names_.insert(name).second) name += fmt::format("#{}", node.index());
  return name;
}

absl::StatusOr<Activation> Builder::Append(const NodeView& node, nn::Operation operation,
                                           const std::vector<Activation>& inputs, int rank) {
  nn::Layer layer{UniqueName(node), std::move(operation), {}, {}};
  for (const Activation& input : inputs) {
    if (this->layer(input).as<nn::Softmax>()) {
      return Refuse("reads the result of a Softmax", "Softmax may only be the last node; export the logits");
    }
    layer.inputs.push_back(input.layer);
  }
  COLONNADE_RETURN_IF_ERROR(nn::AppendLayer(network_, std::move(layer)));
  return Activation{int(network_.layers.size()) - 1, rank, {}, true};
}

absl::StatusOr<Activation> Builder::Replace(const Activation& activation, nn::Operation operation) {
  nn::Layer& layer = network_.layers[activation.layer];
  nn::Network scratch{{}, {}, {{"input", nn::Input{}, {}, network_.layers[layer.inputs[0]].output}}};
  COLONNADE_RETURN_IF_ERROR(nn::AppendLayer(scratch, {layer.name, operation, {0}, {}}));
  layer.operation = std::move(operation);
  layer.output = scratch.output_shape();
  return activation;
}

void Builder::AddBias(const Activation& activation, const std::vector<float>& bias) {
  nn::Layer& layer = network_.layers[activation.layer];
  auto* conv = layer.as<nn::Convolution>();
  std::vector<float>& sum = conv ? conv->bias : layer.as<nn::Linear>()->bias;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += bias[i];
}

absl::Status Builder::ChargeWeights(int64_t values) {
  weights_left_ -= values;
  if (weights_left_ >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "too many layers share the same weights; each layer needs its own copy");
}

nn::Network Builder::Finish(std::string output_name) && {
  network_.output_name = std::move(output_name);
  return std::move(network_);
}

}  // namespace colonnade::onnx
