// SPDX-License-Identifier: Apache-2.0
#include "server/training/numerics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "server/quant/reweigh.h"

namespace colonnade::training {
namespace {

using at::Tensor;

// Half away from zero, as weights and biases round; halves up, as everything else does.
Tensor RoundAway(const Tensor& x) { return x.sign() * (x.abs() + 0.5).floor(); }
Tensor RoundUp(const Tensor& x) { return (x + 0.5).floor(); }

// `rounded`, with the gradient of `value`.
Tensor PassThrough(const Tensor& value, const Tensor& rounded) { return value + (rounded - value).detach(); }

Tensor ToTensor(const std::vector<double>& values) {
  Tensor tensor = at::empty({int64_t(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

// One value per filter, for a weight of any number of dimensions.
Tensor PerFilter(const Tensor& scales, const Tensor& weight) {
  std::vector<int64_t> sizes(size_t(weight.dim()), 1);
  sizes[0] = scales.size(0);
  return scales.view(sizes);
}

std::pair<int, int> RangeOf(const quant::QuantizedLayer& layer, const quant::Tensor& output) {
  if (const auto* matrix = std::get_if<quant::MatrixLayer>(&layer.operation)) return {matrix->low, matrix->high};
  const auto& host = std::get<quant::HostLayer>(layer.operation);
  if (const auto* add = std::get_if<quant::AddLayer>(&host)) return {add->low, add->high};
  if (const auto* clip = std::get_if<quant::ClipLayer>(&host)) return {clip->low, clip->high};
  return {output.lowest(), output.highest()};
}

bool IsLogits(const quant::QuantizedLayer& layer) {
  const auto* matrix = std::get_if<quant::MatrixLayer>(&layer.operation);
  return matrix != nullptr && matrix->is_logits;
}

}  // namespace

struct Numerics::Parameters {
  Tensor weight_scale, bias_scale;  // [filters]
};

Numerics::~Numerics() = default;

Numerics::Numerics(const nn::Network& network, const quant::QuantizedNetwork& quantized) {
  std::map<std::string, int> index_of;
  for (size_t i = 0; i < network.layers.size(); ++i) index_of[network.layers[i].name] = int(i);
  const quant::Tensor& input = quantized.tensors[0];
  activations_[0] = {input.scale, input.lowest(), input.highest()};
  for (size_t i = 0; i < quantized.layers.size(); ++i) {
    const quant::QuantizedLayer& layer = quantized.layers[i];
    const quant::Tensor& output = quantized.tensors[i + 1];
    if (const auto* matrix = std::get_if<quant::MatrixLayer>(&layer.operation)) {
      const Tensor bias_scale = ToTensor(quant::AccumulatorScales(quantized, int(i)));
      const double input_scale = quantized.tensors[size_t(matrix->input)].scale;
      parameters_[matrix->source] = {bias_scale / input_scale, bias_scale};
    }
    const auto found = index_of.find(output.name);
    if (found == index_of.end() || IsLogits(layer)) continue;
    const auto [low, high] = RangeOf(layer, output);
    activations_[found->second] = {output.scale, low, high};
  }
}

Tensor Numerics::Round(const Module::Parameter& parameter, const Tensor& value) const {
  const size_t dot = parameter.name.rfind('.');
  const auto found = parameters_.find(parameter.name.substr(0, dot));
  if (found == parameters_.end()) return {};
  if (!parameter.weight_matrix) {
    return PassThrough(value, RoundAway(value / found->second.bias_scale) * found->second.bias_scale);
  }
  const Tensor scale = PerFilter(found->second.weight_scale, value);
  const Tensor units = value.sign() * RoundAway(value.abs() / scale).clamp(1, quant::kMaxWeight);
  return PassThrough(value, units * scale);
}

Tensor Numerics::Round(int index, const Tensor& values) const {
  const auto found = activations_.find(index);
  if (found == activations_.end()) return values;
  const auto [scale, low, high] = found->second;
  const Tensor limited = values.clamp(low * scale, high * scale);
  return PassThrough(limited, RoundUp(values / scale).clamp(low, high) * scale);
}

}  // namespace colonnade::training
