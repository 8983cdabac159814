// SPDX-License-Identifier: Apache-2.0
#include "server/training/importance.h"

#include <cstddef>

#include "server/base/status.h"
#include "server/nn/filter_matrix.h"
#include "server/training/trainable_network.h"

namespace colonnade::training {
namespace {

// Mean square by channel; a layer that flattens its input has one channel per value.
class ChannelEnergy {
 public:
  void Add(const nn::Shape& shape, bool flattens, std::span<const float> values) {
    const size_t channels = flattens ? size_t(shape.size()) : size_t(shape.channels);
    const size_t plane = size_t(shape.size()) / channels;
    sums_.resize(channels);
    for (size_t i = 0; i < values.size(); ++i) sums_[i / plane % channels] += double(values[i]) * values[i];
    count_ += double(values.size()) / double(channels);
  }

  float mean(int channel) const { return float(sums_[size_t(channel)] / count_); }

 private:
  std::vector<double> sums_;
  double count_ = 0;
};

std::vector<float> Spread(const nn::FilterMatrix& matrix, const ChannelEnergy& energy) {
  std::vector<float> values;
  values.reserve(matrix.values.size());
  for (int row = 0; row < matrix.rows; ++row) {
    for (const nn::Column& site : matrix.column_sites) values.push_back(energy.mean(site.channel));
  }
  return values;
}

}  // namespace

absl::StatusOr<Importance> InputImportance(const nn::Network& network, std::span<const float> images) {
  const auto consumers = network.Consumers();
  std::map<int, ChannelEnergy> energies;  // by matrix layer
  const auto observe = [&](int layer, std::span<const float> values) {
    for (const int reader : consumers[size_t(layer)]) {
      const nn::Layer& matrix = network.layers[size_t(reader)];
      if (!matrix.is_matrix()) continue;
      energies[reader].Add(network.layers[size_t(layer)].output, matrix.as<nn::Linear>() != nullptr, values);
    }
  };
  COLONNADE_RETURN_IF_ERROR(TrainableNetwork(network).ForwardObserved(images, observe));
  Importance importance;
  for (const auto& [index, energy] : energies) {
    const nn::Layer& layer = network.layers[size_t(index)];
    importance[layer.name] = Spread(nn::ToFilterMatrix(network, layer), energy);
  }
  return importance;
}

}  // namespace colonnade::training
