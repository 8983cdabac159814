// SPDX-License-Identifier: Apache-2.0
#include "server/training/numerics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/quant/calibration.h"
#include "server/quant/io.h"
#include "server/quant/quantize.h"
#include "server/quant/reference_network.h"
#include "server/quant/reweigh.h"
#include "server/training/trainable_network.h"
#include "server/training/weights.h"
#include "tests/support/random_network.h"

namespace colonnade::training {
namespace {

// Values that a scale of 1/128 holds exactly.
std::vector<float> EighthBitImage(const nn::Shape& shape, uint64_t seed) {
  std::vector<float> image = RandomImage(shape, seed);
  for (float& value : image) value = std::clamp(std::round(value * 128), -128.0f, 127.0f) / 128;
  return image;
}

quant::QuantizedNetwork Quantized(const nn::Network& network) {
  quant::RangeObserver ranges;
  for (uint64_t seed = 100; seed < 108; ++seed) {
    EXPECT_TRUE(TrainableNetwork(network)
                    .ForwardObserved(EighthBitImage(network.input_shape(), seed),
                                     [&](int layer, std::span<const float> values) { ranges.Observe(layer, values); })
                    .ok());
  }
  return quant::Quantize(network, ranges, {quant::InputRange{-1, 127.0f / 128}}).value();
}

std::vector<float> IntegerLogits(const quant::QuantizedNetwork& network, const std::vector<float>& image) {
  std::vector<uint8_t> bytes(image.size());
  EXPECT_TRUE(quant::QuantizeInput(network.tensors[0], image, bytes).ok());
  const std::vector<int32_t> results = quant::RunQuantized(network, bytes);
  std::vector<float> logits(results.size());
  quant::ToReal(results, network.logit_scale, logits);
  return logits;
}

std::vector<float> RoundedLogits(const nn::Network& network, const quant::QuantizedNetwork& quantized,
                                 const std::vector<float>& image) {
  const at::NoGradGuard no_gradients;
  const Numerics numerics(network, quantized);
  Module module(network);
  Weights weights(module, {});
  module.SetRounding([&](int layer, const at::Tensor& values) { return numerics.Round(layer, values); });
  weights.PresentAs([&](const auto& parameter, const at::Tensor& value) { return numerics.Round(parameter, value); });
  const nn::Shape& shape = network.input_shape();
  at::Tensor input = at::empty({1, shape.channels, shape.height, shape.width}, at::kFloat);
  std::copy(image.begin(), image.end(), input.data_ptr<float>());
  const at::Tensor logits = module.Forward(input, /*training=*/true).contiguous();
  return {logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel()};
}

TEST(Numerics, AModuleThatRoundsComputesWhatTheIntegerNetworkDoes) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const nn::Network network = RandomNetwork(seed);
    const quant::QuantizedNetwork quantized = Quantized(network);
    const std::vector<float> image = EighthBitImage(network.input_shape(), 7);
    const auto expected = IntegerLogits(quantized, image), got = RoundedLogits(network, quantized, image);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i], expected[i], 1e-5 * std::max(1.0f, std::abs(expected[i]))) << "network " << seed;
    }
  }
}

TEST(WithWeightsOf, GivesTheSameNetworkForTheSameWeightsAndAnotherForOthers) {
  const nn::Network network = RandomNetwork(5);
  const quant::QuantizedNetwork quantized = Quantized(network);
  const std::vector<float> image = EighthBitImage(network.input_shape(), 7);
  const auto same = quant::WithWeightsOf(network, quantized);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(IntegerLogits(*same, image), IntegerLogits(quantized, image));
  nn::Network other = network;
  for (float& weight : other.layers.back().as<nn::Linear>()->weight) weight *= 100;  // saturates
  const auto saturated = quant::WithWeightsOf(other, quantized);
  ASSERT_TRUE(saturated.ok()) << saturated.status();
  EXPECT_NE(IntegerLogits(*saturated, image), IntegerLogits(quantized, image));
}

}  // namespace
}  // namespace colonnade::training
