// SPDX-License-Identifier: Apache-2.0
// Networks shaped like well-known ones, with random weights: for what depends on size and
// not on what a network has learned.
#pragma once

#include <vector>

#include "server/nn/network.h"

namespace colonnade {

// Weights are uniform with variance 2 / (inputs of a filter), so that activations keep
// their magnitude from layer to layer; BatchNorms are close to the identity. Images have
// 3 channels and `side` x `side` pixels, a multiple of 32. Shapes are inferred, the same
// arguments give the same weights.

struct ResNetShape {
  std::vector<int> blocks = {2, 2, 2, 2};  // basic blocks of each stage: ResNet-18
  int width = 64;                          // channels of the first stage; each next one has twice as many
  int side = 224;
  int classes = 1000;
};
nn::Network MakeResNet(const ResNetShape& shape);  // He et al. 2016, arXiv:1512.03385

struct VggShape {
  int width = 64;     // channels of the first two convolutions
  int hidden = 4096;  // of the two hidden linear layers
  int side = 224;
  int classes = 1000;
};
nn::Network MakeVgg16(const VggShape& shape);  // Simonyan, Zisserman 2015, arXiv:1409.1556

struct MobileNetShape {
  double width = 1;  // factor on all channels, which are then rounded to multiples of 8
  int side = 224;
  int classes = 1000;
};
nn::Network MakeMobileNetV2(const MobileNetShape& shape);  // Sandler et al. 2018, arXiv:1801.04381

}  // namespace colonnade
