// SPDX-License-Identifier: Apache-2.0
#include "server/quant/reweigh.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "server/base/status.h"
#include "server/nn/filter_matrix.h"
#include "server/quant/filter_scales.h"

namespace colonnade::quant {
namespace {

// Of a matrix layer, to change if `layer` may be changed.
template <typename Layer>
auto& BiasOf(Layer& layer) {
  if (auto* conv = layer.template as<nn::Convolution>()) return conv->bias;
  return layer.template as<nn::Linear>()->bias;
}

}  // namespace

std::vector<double> AccumulatorScales(const QuantizedNetwork& network, int index) {
  const auto& matrix = std::get<MatrixLayer>(network.layers[size_t(index)].operation);
  const double output = network.tensors[size_t(index) + 1].scale;
  std::vector<double> scales;
  for (const uint8_t shift : matrix.shift) {
    scales.push_back(matrix.is_logits ? network.logit_scale : std::ldexp(output, -int(shift)));
  }
  return scales;
}

absl::StatusOr<QuantizedNetwork> WithWeightsOf(const nn::Network& network, QuantizedNetwork quantized) {
  std::map<std::string, const nn::Layer*> by_name;
  for (const nn::Layer& layer : network.layers) by_name[layer.name] = &layer;
  for (size_t i = 0; i < quantized.layers.size(); ++i) {
    auto* matrix = std::get_if<MatrixLayer>(&quantized.layers[i].operation);
    if (matrix == nullptr) continue;
    const nn::Layer& layer = *by_name.at(matrix->source);
    const double input_scale = quantized.tensors[size_t(matrix->input)].scale;
    std::vector<double> weight_scales = AccumulatorScales(quantized, int(i));
    for (double& scale : weight_scales) scale /= input_scale;
    matrix->bias.clear();
    RoundWeights(nn::ToFilterMatrix(network, layer), BiasOf(layer), input_scale,
                 weight_scales, *matrix);
  }
  COLONNADE_RETURN_IF_ERROR(Check(quantized));
  return quantized;
}

nn::Network WithBiasesOf(const QuantizedNetwork& quantized, nn::Network network) {
  std::map<std::string, nn::Layer*> by_name;
  for (nn::Layer& layer : network.layers) by_name[layer.name] = &layer;
  for (size_t i = 0; i < quantized.layers.size(); ++i) {
    const auto* matrix = std::get_if<MatrixLayer>(&quantized.layers[i].operation);
    if (matrix == nullptr) continue;
    const std::vector<double> scales = AccumulatorScales(quantized, int(i));
    std::vector<float>& bias = BiasOf(*by_name.at(matrix->source));
    for (size_t row = 0; row < bias.size(); ++row) bias[row] = float(matrix->bias[row] * scales[row]);
  }
  return network;
}

}  // namespace colonnade::quant
