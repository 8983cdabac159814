// SPDX-License-Identifier: Apache-2.0
// Small random networks that together use every operation.
#pragma once

#include <cstdint>
#include <vector>

#include "server/nn/network.h"

namespace colonnade {

struct RandomNetworkOptions {
  int blocks = 5;            // between the input and the classifier
  bool batch_norms = false;  // after convolutions, and now and then elsewhere
  bool softmax = false;      // at the end
};

// A network of a few thousand weights: convolutions with odd kernels, strides,
// pads and dilations, depthwise and grouped ones, clips, residual additions,
// strided shortcuts with channel padding, pools, concatenations, shifts, and a
// Linear classifier. Shapes are inferred. The same seed gives the same network.
nn::Network RandomNetwork(uint64_t seed, const RandomNetworkOptions& options = {});

// Values in -1 .. 1 of the network's input shape.
std::vector<float> RandomImage(const nn::Shape& shape, uint64_t seed);

// Images 0 to count - 1, one after the other.
std::vector<float> RandomImages(const nn::Shape& shape, int count);

}  // namespace colonnade
