// SPDX-License-Identifier: Apache-2.0
#include "server/training/insert_norms.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/status.h"
#include "server/training/trainable_network.h"

namespace colonnade::training {
namespace {

struct Moments {
  std::vector<double> sum, square;  // by channel
  double count = 0;                 // values per channel

  void Add(const nn::Shape& shape, std::span<const float> values) {
    sum.resize(size_t(shape.channels));
    square.resize(size_t(shape.channels));
    const auto plane = size_t(shape.height) * size_t(shape.width);
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t c = i / plane % size_t(shape.channels);
      sum[c] += values[i];
      square[c] += double(values[i]) * values[i];
    }
    count += double(values.size()) / shape.channels;
  }
};

// Matrix layers without a BatchNorm that reads nothing but them.
std::set<int> WithoutNorm(const nn::Network& network) {
  std::set<int> layers;
  const auto consumers = network.Consumers();
  int last = 0;
  for (int i = 0; i < int(network.layers.size()); ++i) {
    if (!network.layers[size_t(i)].is_matrix()) continue;
    last = i;
    const auto& readers = consumers[size_t(i)];
    const bool normed = readers.size() == 1 && network.layers[size_t(readers[0])].as<nn::BatchNorm>();
    if (!normed) layers.insert(i);
  }
  layers.erase(last);
  return layers;
}

nn::BatchNorm IdentityNorm(const Moments& moments) {
  nn::BatchNorm norm;
  for (size_t c = 0; c < moments.sum.size(); ++c) {
    const double mean = moments.sum[c] / moments.count;
    const double variance = std::max(0.0, moments.square[c] / moments.count - mean * mean);
    norm.mean.push_back(float(mean));
    norm.variance.push_back(float(variance));
    norm.scale.push_back(float(std::sqrt(double(norm.variance.back()) + norm.epsilon)));
    norm.bias.push_back(norm.mean.back());
  }
  return norm;
}

std::string FreeName(const nn::Network& network, std::string name) {
  const auto taken = [&](const nn::Layer& layer) { return layer.name == name; };
  while (std::any_of(network.layers.begin(), network.layers.end(), taken)) name += "_";
  return name;
}

}  // namespace

absl::StatusOr<nn::Network> InsertBatchNorms(const nn::Network& network, std::span<const float> images) {
  const std::set<int> bare = WithoutNorm(network);
  std::map<int, Moments> moments;
  const auto observe = [&](int layer, std::span<const float> values) {
    if (bare.contains(layer)) moments[layer].Add(network.layers[size_t(layer)].output, values);
  };
  COLONNADE_RETURN_IF_ERROR(TrainableNetwork(network).ForwardObserved(images, observe));

  nn::Network normed{network.input_name, network.output_name, {}};
  std::vector<int> moved;  // by old index: the layer that now stands for it
  for (int i = 0; i < int(network.layers.size()); ++i) {
    nn::Layer layer = network.layers[size_t(i)];
    for (int& input : layer.inputs) input = moved[size_t(input)];
    normed.layers.push_back(std::move(layer));
    if (bare.contains(i)) {
      const nn::Layer& matrix = network.layers[size_t(i)];
      const int index = int(normed.layers.size()) - 1;
      normed.layers.push_back(
          {FreeName(network, matrix.name + ".norm"), IdentityNorm(moments[i]), {index}, matrix.output});
    }
    moved.push_back(int(normed.layers.size()) - 1);
  }
  return normed;
}

}  // namespace colonnade::training
