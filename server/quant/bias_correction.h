// SPDX-License-Identifier: Apache-2.0
// Biases that make up for what rounding and saturation shift on average.
//
//   ChannelMeans means(network);
//   for (each image) for (each layer) means.Observe(layer, activations);   // of the float network
//   quantized = CorrectBiases(network, means, quantized, images);          // bytes of the same images
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/nn/network.h"
#include "server/quant/quantized_network.h"

namespace colonnade::quant {

// The mean of every channel of every layer (an index into nn::Network::layers) of a float
// network, over all pixels of all images. Not thread-safe.
class ChannelMeans {
 public:
  // REQUIRES: InferShapes(network) was OK.
  explicit ChannelMeans(const nn::Network& network);

  // Activations of a whole number of images, channel-major. Any number of times per layer.
  void Observe(int layer, std::span<const float> values);

  // REQUIRES: the layer was observed.
  double mean(int layer, int channel) const;

 private:
  struct Layer {
    nn::Shape shape;
    int64_t images = 0;
    std::vector<double> sums;  // by channel
  };

  std::vector<Layer> layers_;
};

// How many images CorrectBiases() can take with 1 GiB for their activations; at least 1.
int64_t MostCorrectionImages(const QuantizedNetwork& network);

// `quantized` with other biases: layer by layer, each filter's bias is changed by what makes
// the mean of its accumulator, residual included, over all pixels of `images` equal to the
// mean of what it stands for in the float `network`, before any clipping. Layers see the
// integer network's own inputs, that is, after all layers before them are corrected, so what
// is made up for is the rounding of weights and biases and the rounding and saturation of
// every activation on the way there. Nothing but biases changes. A bias goes no further
// than 32-bit accumulators allow for all inputs, so the result passes Check(); where a float
// mean is not finite, the bias stays.
//
// `images`: bytes of tensor 0, one image after the other. Computes every layer once per
// image, on one thread: about a second per 1e9 products with weights that are not 0.
// REQUIRES: `quantized` was made from `network`, `means` observed all its layers on the
// images that `images` are the bytes of, and there is at least one.
QuantizedNetwork CorrectBiases(const nn::Network& network, const ChannelMeans& means, QuantizedNetwork quantized,
                               std::span<const uint8_t> images);

}  // namespace colonnade::quant
