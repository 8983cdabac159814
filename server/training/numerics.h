// SPDX-License-Identifier: Apache-2.0
// The integer network's roundings, in floats: for training that sees them. Internal to
// training/.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "server/nn/network.h"
#include "server/quant/quantized_network.h"
#include "server/training/module.h"

namespace colonnade::training {

// Of a network with folded BatchNorms and of the integer network made from it. Rounded
// weights times rounded activations are sums of multiples of powers of two, which floats
// hold exactly up to 2^24 units of an accumulator: then a module that rounds computes what
// the integer network does. (Only the first layer's products carry float errors, as the
// scale of the input need not be a power of two.) Gradients pass roundings as if they were
// not there, and stop where something saturates.
class Numerics {
 public:
  Numerics(const nn::Network& network, const quant::QuantizedNetwork& quantized);
  ~Numerics();

  // The parameter's value as the integer network has it; undefined for others than weights
  // and biases of matrix layers.
  at::Tensor Round(const Module::Parameter& parameter, const at::Tensor& value) const;

  // What layer `index` gives, rounded to its tensor's scale if it is one of the integer
  // network's tensors.
  at::Tensor Round(int index, const at::Tensor& values) const;

 private:
  struct Parameters;  // of one matrix layer
  struct Activation {
    double scale = 1;
    int low = 0, high = 255;
  };

  std::map<std::string, Parameters> parameters_;  // by layer name
  std::map<int, Activation> activations_;         // by layer index
};

}  // namespace colonnade::training
