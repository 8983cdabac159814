// SPDX-License-Identifier: Apache-2.0
#include "server/nn/network.h"

#include <fmt/format.h>

namespace colonnade::nn {
namespace {

int64_t LayerMacs(const Network& network, const Layer& layer) {
  const auto pixels = int64_t{layer.output.height} * layer.output.width;
  if (const auto* conv = layer.as<Convolution>()) {
    const int64_t per_filter = int64_t{network.layers[layer.inputs[0]].output.channels} / conv->groups *
                               conv->window.kernel_h * conv->window.kernel_w;
    return pixels * conv->filters * per_filter;
  }
  if (const auto* linear = layer.as<Linear>()) {
    return linear->outputs * network.layers[layer.inputs[0]].output.size();
  }
  return 0;
}

struct NameOf {
  std::string_view operator()(const Input&) const { return "Input"; }
  std::string_view operator()(const Convolution&) const { return "Convolution"; }
  std::string_view operator()(const Linear&) const { return "Linear"; }
  std::string_view operator()(const BatchNorm&) const { return "BatchNorm"; }
  std::string_view operator()(const Clip&) const { return "Clip"; }
  std::string_view operator()(const Add&) const { return "Add"; }
  std::string_view operator()(const MaxPool&) const { return "MaxPool"; }
  std::string_view operator()(const AveragePool&) const { return "AveragePool"; }
  std::string_view operator()(const GlobalAveragePool&) const { return "GlobalAveragePool"; }
  std::string_view operator()(const Flatten&) const { return "Flatten"; }
  std::string_view operator()(const Concat&) const { return "Concat"; }
  std::string_view operator()(const Shift&) const { return "Shift"; }
  std::string_view operator()(const Subsample&) const { return "Subsample"; }
  std::string_view operator()(const PadChannels&) const { return "PadChannels"; }
  std::string_view operator()(const Softmax&) const { return "Softmax"; }
};

}  // namespace

std::string ToString(const Shape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

std::string_view OperationName(const Operation& operation) { return std::visit(NameOf{}, operation); }

std::vector<std::vector<int>> Network::Consumers() const {
  std::vector<std::vector<int>> consumers(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const int input : layers[i].inputs) {
      auto& readers = consumers[input];
      if (readers.empty() || readers.back() != int(i)) readers.push_back(int(i));
    }
  }
  return consumers;
}

int64_t Network::DenseMacs() const {
  int64_t macs = 0;
  for (const Layer& layer : layers) macs += LayerMacs(*this, layer);
  return macs;
}

int WindowOutput(int size, int kernel, int stride, int before, int after, int dilation) {
  const int64_t room = int64_t{size} + before + after - int64_t{dilation} * (kernel - 1) - 1;
  return room < 0 ? 0 : int(room / stride + 1);
}

}  // namespace colonnade::nn
