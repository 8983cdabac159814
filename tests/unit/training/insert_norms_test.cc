// SPDX-License-Identifier: Apache-2.0
#include "server/training/insert_norms.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/transforms.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"

namespace colonnade::training {
namespace {

int CountNorms(const nn::Network& network) {
  return int(std::count_if(network.layers.begin(), network.layers.end(),
                           [](const nn::Layer& layer) { return layer.as<nn::BatchNorm>(); }));
}

int CountMatrices(const nn::Network& network) {
  return int(std::count_if(network.layers.begin(), network.layers.end(),
                           [](const nn::Layer& layer) { return layer.is_matrix(); }));
}

TEST(InsertBatchNorms, AddsOneToEachMatrixButTheLastAndKeepsTheFunction) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const nn::Network network = RandomNetwork(seed, {.blocks = 5});
    auto normed = InsertBatchNorms(network, RandomImages(network.input_shape(), 8));
    ASSERT_TRUE(normed.ok()) << normed.status();
    ASSERT_TRUE(nn::InferShapes(*normed).ok());
    EXPECT_EQ(CountNorms(*normed), CountMatrices(network) - 1) << "network " << seed;
    const std::vector<float> image = RandomImage(network.input_shape(), 99);
    EXPECT_LT(Difference(RunFloat(*normed, image), RunFloat(network, image)), 1e-4) << "network " << seed;
    const auto folded = nn::FoldBatchNorms(*normed);
    ASSERT_TRUE(folded.ok()) << folded.status();
    EXPECT_EQ(folded->layers.size(), network.layers.size()) << "network " << seed;
    EXPECT_LT(Difference(RunFloat(*folded, image), RunFloat(network, image)), 1e-4) << "network " << seed;
  }
}

TEST(InsertBatchNorms, StatisticsAreThoseOfTheImages) {
  // One filter of weight 2 and bias 1 over a 1x1x2 image: values 2x + 1.
  nn::Network network{"image", "logits", {}};
  network.layers.push_back({"image", nn::Input{}, {}, {1, 1, 2}});
  network.layers.push_back({"conv", nn::Convolution{1, 1, {}, {2}, {1}}, {0}, {}});
  network.layers.push_back({"logits", nn::Linear{1, {1, 1}, {0}}, {1}, {}});
  ASSERT_TRUE(nn::InferShapes(network).ok());
  const std::vector<float> images = {0, 1, 2, 5};  // values 1, 3, 5, 11: mean 5, variance 14
  const auto normed = InsertBatchNorms(network, images);
  ASSERT_TRUE(normed.ok()) << normed.status();
  const auto* norm = normed->layers[2].as<nn::BatchNorm>();
  ASSERT_NE(norm, nullptr);
  EXPECT_EQ(normed->layers[2].name, "conv.norm");
  EXPECT_FLOAT_EQ(norm->mean[0], 5);
  EXPECT_FLOAT_EQ(norm->variance[0], 14);
  EXPECT_FLOAT_EQ(norm->bias[0], 5);
  EXPECT_FLOAT_EQ(norm->scale[0], std::sqrt(14 + norm->epsilon));
}

TEST(InsertBatchNorms, LeavesNormsThatAreThere) {
  const nn::Network network = RandomNetwork(2, {.blocks = 5});
  const auto once = InsertBatchNorms(network, RandomImages(network.input_shape(), 4));
  ASSERT_TRUE(once.ok()) << once.status();
  const auto twice = InsertBatchNorms(*once, RandomImages(network.input_shape(), 4));
  ASSERT_TRUE(twice.ok()) << twice.status();
  EXPECT_EQ(twice->layers.size(), once->layers.size());
}

}  // namespace
}  // namespace colonnade::training
