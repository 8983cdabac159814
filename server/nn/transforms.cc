// SPDX-License-Identifier: Apache-2.0
#include "server/nn/transforms.h"

#include <cmath>
#include <span>
#include <utility>

#include "server/base/status.h"

namespace colonnade::nn {
namespace {

// y = factor * x + offset per channel.
struct Affine {
  std::vector<double> factor, offset;
};

Affine ToAffine(const BatchNorm& norm) {
  Affine affine;
  for (size_t c = 0; c < norm.scale.size(); ++c) {
    const double factor = norm.scale[c] / std::sqrt(double{norm.variance[c]} + norm.epsilon);
    affine.factor.push_back(factor);
    affine.offset.push_back(norm.bias[c] - factor * norm.mean[c]);
  }
  return affine;
}

void FoldInto(const Affine& affine, std::vector<float>& weight, std::vector<float>& bias) {
  const size_t per_filter = weight.size() / bias.size();
  for (size_t filter = 0; filter < bias.size(); ++filter) {
    for (float& value : std::span(weight).subspan(filter * per_filter, per_filter)) {
      value = float(affine.factor[filter] * value);
    }
    bias[filter] = float(affine.factor[filter] * bias[filter] + affine.offset[filter]);
  }
}

Convolution ToDepthwise(const Affine& affine) {
  const int channels = int(affine.factor.size());
  return {channels,
          channels,
          {},
          {affine.factor.begin(), affine.factor.end()},
          {affine.offset.begin(), affine.offset.end()}};
}

// The layer whose values `index` has, only flattened.
int BeforeFlattens(const Network& network, int index) {
  while (network.layers[index].as<Flatten>()) index = network.layers[index].inputs[0];
  return index;
}

Convolution AsWindow(Linear linear, const Shape& image) {
  Window window;
  window.kernel_h = image.height;
  window.kernel_w = image.width;
  return {linear.outputs, 1, window, std::move(linear.weight), std::move(linear.bias)};
}

Network WithoutUnreadFlattens(Network network) {
  for (int i = int(network.layers.size()) - 2; i > 0; --i) {
    if (network.layers[i].as<Flatten>() && network.Consumers()[i].empty()) network = RemoveLayer(std::move(network), i);
  }
  return network;
}

}  // namespace

Network RemoveLayer(Network network, int index) {
  const int source = network.layers[index].inputs[0];
  network.layers.erase(network.layers.begin() + index);
  for (Layer& layer : network.layers) {
    for (int& input : layer.inputs) {
      if (input == index) input = source;
      if (input > index) --input;
    }
  }
  return network;
}

Network KeepOnly(Network network, int output) {
  std::vector<bool> kept(output + 1, false);
  kept[0] = kept[output] = true;
  for (int i = output; i > 0; --i) {
    if (!kept[i]) continue;
    for (const int input : network.layers[i].inputs) kept[input] = true;
  }
  std::vector<int> position(output + 1, 0);
  std::vector<Layer> layers;
  for (int i = 0; i <= output; ++i) {
    if (!kept[i]) continue;
    position[i] = int(layers.size());
    layers.push_back(std::move(network.layers[i]));
    for (int& input : layers.back().inputs) input = position[input];
  }
  network.layers = std::move(layers);
  return network;
}

absl::StatusOr<Network> FoldBatchNorms(Network network) {
  for (int i = int(network.layers.size()) - 1; i > 0; --i) {
    const BatchNorm* norm = network.layers[i].as<BatchNorm>();
    if (norm == nullptr) continue;
    const Affine affine = ToAffine(*norm);
    const int source = network.layers[i].inputs[0];
    Layer& producer = network.layers[source];
    if (!producer.is_matrix() || network.Consumers()[source].size() > 1) {
      network.layers[i].operation = ToDepthwise(affine);
      continue;
    }
    if (auto* conv = producer.as<Convolution>()) FoldInto(affine, conv->weight, conv->bias);
    if (auto* linear = producer.as<Linear>()) FoldInto(affine, linear->weight, linear->bias);
    network = RemoveLayer(std::move(network), i);
  }
  COLONNADE_RETURN_IF_ERROR(InferShapes(network));
  return network;
}

Network ReadImagesByWindows(Network network) {
  for (Layer& layer : network.layers) {
    auto* linear = layer.as<Linear>();
    if (linear == nullptr) continue;
    const int source = BeforeFlattens(network, layer.inputs[0]);
    const Shape image = network.layers[source].output;
    if (image.height * image.width == 1) continue;
    layer.operation = AsWindow(std::move(*linear), image);
    layer.inputs[0] = source;
  }
  return WithoutUnreadFlattens(std::move(network));
}

Network TrimSoftmax(Network network) {
  if (network.layers.back().as<Softmax>() == nullptr) return network;
  return RemoveLayer(std::move(network), int(network.layers.size()) - 1);
}

}  // namespace colonnade::nn
