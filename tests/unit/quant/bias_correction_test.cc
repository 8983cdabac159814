// SPDX-License-Identifier: Apache-2.0
#include "server/quant/bias_correction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "server/nn/transforms.h"
#include "server/quant/accumulator_range.h"
#include "server/quant/reweigh.h"
#include "tests/support/random_network.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::quant {
namespace {

constexpr uint64_t kNetworks = 60;

// A random network, images, and what both say of them.
struct Trial {
  nn::Network network;
  std::vector<Image> images;
  QuantizedNetwork quantized;

  explicit Trial(uint64_t seed, double percentile = 90)
      : network(nn::FoldBatchNorms(RandomNetwork(seed, {.batch_norms = seed % 2 == 1})).value()) {
    for (uint64_t i = 0; i < 6; ++i) images.push_back(RandomImage(network.input_shape(), seed * 100 + i));
    QuantizeOptions options;
    options.calibration = Calibration::kPercentile;  // much to correct
    options.percentile = percentile;
    quantized = Quantize(network, Calibrate(network, images), options).value();
  }

  ChannelMeans Means(const nn::Network& of) const {
    ChannelMeans means(of);
    for (const Image& image : images) {
      const std::vector<std::vector<float>> layers = RunFloatLayers(of, image);
      for (size_t i = 0; i < layers.size(); ++i) means.Observe(int(i), layers[i]);
    }
    return means;
  }

  QuantizedNetwork Corrected(const QuantizedNetwork& from) const {
    std::vector<uint8_t> bytes;
    for (const Image& image : images) {
      for (const uint8_t byte : ToBytes(from, image)) bytes.push_back(byte);
    }
    return CorrectBiases(network, Means(network), from, bytes);
  }

  int IndexOf(const std::string& layer) const {
    const auto is_it = [&](const nn::Layer& other) { return other.name == layer; };
    return int(std::find_if(network.layers.begin(), network.layers.end(), is_it) - network.layers.begin());
  }

  // Integer minus float, of each logit, the mean over the images.
  std::vector<double> MeanErrors(const QuantizedNetwork& of) const {
    std::vector<double> errors(size_t(network.output_shape().size()));
    for (const Image& image : images) {
      const std::vector<float> expected = RunFloat(network, image), actual = RunReal(of, image);
      for (size_t i = 0; i < errors.size(); ++i) errors[i] += (double{actual[i]} - expected[i]) / double(images.size());
    }
    return errors;
  }
};

template <typename Visit>
void ForMatrixLayers(QuantizedNetwork& network, const Visit& visit) {
  for (QuantizedLayer& layer : network.layers) {
    if (auto* matrix = std::get_if<MatrixLayer>(&layer.operation)) visit(*matrix);
  }
}

std::vector<std::vector<int32_t>> BiasesOf(QuantizedNetwork network) {
  std::vector<std::vector<int32_t>> biases;
  ForMatrixLayers(network, [&](const MatrixLayer& layer) { biases.push_back(layer.bias); });
  return biases;
}

double Largest(const std::vector<double>& errors) {
  double largest = 0;
  for (const double error : errors) largest = std::max(largest, std::abs(error));
  return largest;
}

// Holds only if all layers on the way were computed as the reference does.
TEST(BiasCorrection, MeanLogitsBecomeThoseOfTheFloatNetwork) {
  int off_before = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Trial trial(seed);
    const double unit = trial.quantized.logit_scale;
    off_before += Largest(trial.MeanErrors(trial.quantized)) > 10 * unit;
    EXPECT_LE(Largest(trial.MeanErrors(trial.Corrected(trial.quantized))), 0.51 * unit + 1e-6) << seed;
  }
  EXPECT_GT(off_before, int(kNetworks) / 2);
}

TEST(BiasCorrection, IsDoneOnce) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Trial trial(seed);
    const QuantizedNetwork once = trial.Corrected(trial.quantized);
    EXPECT_NE(BiasesOf(once), BiasesOf(trial.quantized)) << seed;
    EXPECT_EQ(BiasesOf(trial.Corrected(once)), BiasesOf(once)) << seed;
  }
}

// The network up to matrix layer `index`, whose accumulators are its result.
QuantizedNetwork UpTo(size_t index, QuantizedNetwork network) {
  network.layers.resize(index + 1);
  network.tensors.resize(index + 2);
  std::get<MatrixLayer>(network.layers.back().operation).is_logits = true;
  return network;
}

double MeanOfChannel(const std::vector<int32_t>& values, size_t channels, size_t channel) {
  const size_t pixels = values.size() / channels;
  const auto begin = values.begin() + int64_t(channel * pixels);
  return std::accumulate(begin, begin + int64_t(pixels), 0.0) / double(pixels);
}

// Of layers without a residual, which logits cannot have.
TEST(BiasCorrection, MeansBeforeClippingBecomeThoseOfTheFloatNetwork) {
  int layers = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Trial trial(seed);
    const QuantizedNetwork corrected = trial.Corrected(trial.quantized);
    const ChannelMeans means = trial.Means(trial.network);
    for (size_t i = 0; i < corrected.layers.size(); ++i) {
      const auto* layer = std::get_if<MatrixLayer>(&corrected.layers[i].operation);
      if (layer == nullptr || layer->residual) continue;
      ++layers;
      const std::vector<double> scales = AccumulatorScales(corrected, int(i));
      std::vector<double> sums(scales.size());
      for (const Image& image : trial.images) {
        const std::vector<int32_t> acc = RunQuantized(UpTo(i, corrected), ToBytes(corrected, image));
        for (size_t row = 0; row < sums.size(); ++row) sums[row] += MeanOfChannel(acc, sums.size(), row);
      }
      for (size_t row = 0; row < sums.size(); ++row) {
        const double wanted = means.mean(trial.IndexOf(layer->source), int(row)) / scales[row];
        EXPECT_NEAR(sums[row] / double(trial.images.size()), wanted, 0.5001) << seed << ", " << layer->source;
      }
    }
  }
  EXPECT_GT(layers, 3 * int(kNetworks));
}

TEST(BiasCorrection, ChangesNothingButBiases) {
  Trial trial(4);
  QuantizedNetwork corrected = trial.Corrected(trial.quantized);
  ForMatrixLayers(trial.quantized, [](MatrixLayer& layer) { layer.bias.clear(); });
  ForMatrixLayers(corrected, [](MatrixLayer& layer) { layer.bias.clear(); });
  for (size_t i = 0; i < corrected.layers.size(); ++i) {
    const auto* a = std::get_if<MatrixLayer>(&corrected.layers[i].operation);
    const auto* b = std::get_if<MatrixLayer>(&trial.quantized.layers[i].operation);
    if (a == nullptr) continue;
    EXPECT_EQ(a->weights.values, b->weights.values);
    EXPECT_EQ(a->shift, b->shift);
    EXPECT_EQ(std::pair(a->low, a->high), std::pair(b->low, b->high));
  }
  EXPECT_EQ(corrected.logit_scale, trial.quantized.logit_scale);
}

TEST(BiasCorrection, StopsWhereAnAccumulatorWouldOverflow) {
  Trial trial(2);
  nn::Network shifted = trial.network;
  std::vector<float>& bias = shifted.layers.back().as<nn::Linear>()->bias;
  bias[0] = 1e30f;
  bias[1] = -1e30f;
  bias[2] = std::numeric_limits<float>::infinity();
  const int32_t before = BiasesOf(trial.quantized).back()[2];
  std::vector<uint8_t> bytes = ToBytes(trial.quantized, trial.images[0]);
  const QuantizedNetwork corrected = CorrectBiases(shifted, trial.Means(shifted), trial.quantized, bytes);
  EXPECT_TRUE(Check(corrected).ok());
  const auto& last = std::get<MatrixLayer>(corrected.layers.back().operation);
  const Tensor& input = corrected.tensors[size_t(last.input)];
  EXPECT_EQ(RangeOf(last, 0, input, nullptr).highest, std::numeric_limits<int32_t>::max());
  EXPECT_EQ(RangeOf(last, 1, input, nullptr).lowest, std::numeric_limits<int32_t>::min());
  EXPECT_EQ(last.bias[2], before);
}

TEST(BiasCorrection, BiasesGoToTheFloatNetworkAndBack) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Trial trial(seed);
    const QuantizedNetwork corrected = trial.Corrected(trial.quantized);
    const auto back = WithWeightsOf(WithBiasesOf(corrected, trial.network), trial.quantized);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(BiasesOf(*back), BiasesOf(corrected)) << seed;
  }
}

TEST(BiasCorrection, TakesAsManyImagesAsAGibibyteHolds) {
  QuantizedNetwork network;
  for (const int size : {100, 300, 200, 50}) network.tensors.push_back({"", {size, 1, 1}});
  network.layers = {
      {"a", HostLayer(FlattenLayer{0})}, {"b", HostLayer(FlattenLayer{1})}, {"c", HostLayer(FlattenLayer{2})}};
  EXPECT_EQ(MostCorrectionImages(network), (1 << 28) / 500);  // 300 and 200 at once
  network.layers[2] = {"c", HostLayer(AddLayer{2, 0})};
  EXPECT_EQ(MostCorrectionImages(network), (1 << 28) / 600);  // and what is still to be added
  network.tensors[1].shape = {1 << 15, 1 << 10, 1 << 10};
  EXPECT_EQ(MostCorrectionImages(network), 1);
}

TEST(ChannelMeans, AreOverPixelsAndImages) {
  nn::Network network;
  network.layers.push_back({"image", nn::Input{}, {}, {2, 1, 2}});
  ChannelMeans means(network);
  means.Observe(0, std::vector<float>{1, 2, 10, 20, 3, 4, 30, 40});
  means.Observe(0, std::vector<float>{5, 6, 50, 60});
  EXPECT_EQ(means.mean(0, 0), 3.5);
  EXPECT_EQ(means.mean(0, 1), 35);
}

}  // namespace
}  // namespace colonnade::quant
