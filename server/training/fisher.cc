// SPDX-License-Identifier: Apache-2.0
// Near a minimum of the loss L, changing the weights by d costs about d^T H d / 2, and for
// a classifier the expected H is the Fisher information, E[g g^T] with g the gradient of
// -log p(y | image) and y distributed as the network says. Of it only the diagonal is
// kept, so that pruning w costs w^2 E[g^2] (LeCun's optimal brain damage).
//
// A batch of n images gives a gradient whose square has, as single gradients have mean
// zero, the mean E[g^2] / n; so small batches are summed up and scaled.
#include <ATen/ATen.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/nn/filter_matrix.h"
#include "server/training/augment.h"
#include "server/training/importance.h"
#include "server/training/losses.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr int64_t kBatch = 4;

// One class per image, drawn from softmax(logits).
Tensor Draw(const Tensor& logits, Random& random) {
  const Tensor sums = at::softmax(logits.detach(), 1).cumsum(1).contiguous();
  Tensor labels = at::empty({sums.size(0)}, at::kLong);
  for (int64_t i = 0; i < sums.size(0); ++i) {
    const double level = double(random.Next() >> 11) / double(uint64_t{1} << 53);
    const float* row = sums.data_ptr<float>() + i * sums.size(1);
    labels.data_ptr<int64_t>()[i] = std::min<int64_t>(std::lower_bound(row, row + sums.size(1), float(level)) - row,
                                                      sums.size(1) - 1);
  }
  return labels;
}

std::vector<float> ToMatrix(const nn::Network& network, const nn::Layer& layer, const Tensor& squares) {
  nn::Layer copy = layer;
  const Tensor plain = squares.contiguous();
  std::vector<float> values(plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel());
  if (auto* conv = copy.as<nn::Convolution>()) conv->weight = std::move(values);
  else copy.as<nn::Linear>()->weight = std::move(values);
  return nn::ToFilterMatrix(network, copy).values;
}

}  // namespace

absl::StatusOr<Importance> FisherImportance(const nn::Network& network, std::span<const float> images, uint64_t seed) {
  Importance importance;
  COLONNADE_RETURN_IF_ERROR(Guarded([&] {
    Module module(network);
    std::vector<Module::Parameter> weights;
    for (const Module::Parameter& parameter : module.Parameters()) {
      if (parameter.weight_matrix) weights.push_back(parameter);
    }
    std::vector<Tensor> squares;
    for (const Module::Parameter& weight : weights) {
      weight.tensor->set_requires_grad(true);
      squares.push_back(at::zeros_like(weight.tensor->detach()));
    }
    Random random(seed, 0);
    const int64_t count = int64_t(images.size()) / network.input_shape().size();
    for (int64_t begin = 0; begin < count; begin += kBatch) {
      const size_t size = size_t(network.input_shape().size()), portion = size_t(std::min(kBatch, count - begin));
      const Tensor batch = ImagesToTensor(images.subspan(size_t(begin) * size, portion * size), network.input_shape());
      Features unused;
      const Tensor logits = ForwardWithFeatures(module, batch, /*training=*/false, unused);
      LabelLoss(logits, Draw(logits, random)).backward();
      for (size_t i = 0; i < weights.size(); ++i) {
        squares[i].add_(weights[i].tensor->grad().square(), double(batch.size(0)) / double(count) * batch.size(0));
        weights[i].tensor->mutable_grad().reset();
      }
    }
    size_t next = 0;
    for (const nn::Layer& layer : network.layers) {
      if (layer.is_matrix()) importance[layer.name] = ToMatrix(network, layer, squares[next++]);
    }
    return absl::OkStatus();
  }));
  return importance;
}

}  // namespace colonnade::training
