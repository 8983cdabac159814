// SPDX-License-Identifier: Apache-2.0
#include "tests/support/lone_layers.h"

#include "tests/support/random_packed.h"

namespace colonnade {
namespace {

quant::QuantizedNetwork Alone(const quant::QuantizedNetwork& network, size_t layer, int input) {
  quant::QuantizedNetwork alone{"image", "result", {network.tensors[size_t(input)], network.tensors[layer + 1]}, {}};
  alone.layers.push_back(network.layers[layer]);
  alone.logit_scale = alone.tensors[1].scale;
  const auto read_first = [](auto& operation) {
    if constexpr (requires { operation.input; }) operation.input = 0;
  };
  auto& operation = alone.layers[0].operation;
  if (auto* matrix = std::get_if<quant::MatrixLayer>(&operation)) {
    read_first(*matrix);
    if (matrix->is_logits) alone.logit_scale = network.logit_scale;
  } else {
    std::visit(read_first, std::get<quant::HostLayer>(operation));
  }
  return alone;
}

}  // namespace

std::vector<quant::QuantizedNetwork> LoneLayers(uint64_t seed) {
  const quant::QuantizedNetwork network = RandomPackedNetwork(seed).network;
  std::vector<quant::QuantizedNetwork> layers;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const std::vector<int> inputs = quant::InputsOf(network.layers[i]);
    if (inputs.size() == 1) layers.push_back(Alone(network, i, inputs[0]));
  }
  return layers;
}

}  // namespace colonnade
