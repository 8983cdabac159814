// SPDX-License-Identifier: Apache-2.0
#include "server/training/compensate.h"

#include <gtest/gtest.h>

#include "server/training/trainable_network.h"
#include "tests/support/random_network.h"

namespace colonnade::training {
namespace {

std::vector<float>* WeightsOf(nn::Layer& layer) {
  if (auto* conv = layer.as<nn::Convolution>()) return &conv->weight;
  if (auto* linear = layer.as<nn::Linear>()) return &linear->weight;
  return nullptr;
}

// Without every other weight.
nn::Network Halved(nn::Network network) {
  for (nn::Layer& layer : network.layers) {
    std::vector<float>* weights = WeightsOf(layer);
    for (size_t i = 0; weights != nullptr && i < weights->size(); i += 2) (*weights)[i] = 0;
  }
  return network;
}

double SquaredError(const nn::Network& a, const nn::Network& b, std::span<const float> images) {
  const auto x = TrainableNetwork(a).Forward(images).value(), y = TrainableNetwork(b).Forward(images).value();
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum;
}

TEST(Compensate, ComesCloserToTheDenseNetworkAndKeepsZeros) {
  int closer = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const nn::Network dense = RandomNetwork(seed, {.blocks = 3});
    const nn::Network packed = Halved(dense);
    const auto images = RandomImages(dense.input_shape(), 40);
    auto repaired = Compensate(dense, packed, {}, images, {});
    ASSERT_TRUE(repaired.ok()) << repaired.status();
    closer += SquaredError(dense, *repaired, images) < SquaredError(dense, packed, images);
    for (size_t i = 0; i < dense.layers.size(); ++i) {
      std::vector<float>* weights = WeightsOf(repaired->layers[i]);
      for (size_t k = 0; weights != nullptr && k < weights->size(); k += 2) EXPECT_EQ((*weights)[k], 0);
    }
  }
  EXPECT_GE(closer, 9);  // layer by layer is not the best of the whole
}

TEST(Compensate, FindsTheExactWeightsWhereThereAreSome) {
  // y = 2 a + 3 b with a = b in every image: b's weight alone can be 5.
  nn::Network dense{"image", "logits", {}};
  dense.layers.push_back({"image", nn::Input{}, {}, {2, 1, 1}});
  dense.layers.push_back({"logits", nn::Linear{1, {2, 3}, {1}}, {0}, {}});
  ASSERT_TRUE(nn::InferShapes(dense).ok());
  nn::Network packed = dense;
  packed.layers[1].as<nn::Linear>()->weight[0] = 0;
  std::vector<float> images;
  for (int i = 0; i < 32; ++i) images.insert(images.end(), {float(i) / 8 - 2, float(i) / 8 - 2});
  const auto repaired = Compensate(dense, packed, {}, images, {});
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  const auto& linear = *repaired->layers[1].as<nn::Linear>();
  EXPECT_EQ(linear.weight[0], 0);
  EXPECT_NEAR(linear.weight[1], 5, 0.02);
  EXPECT_NEAR(linear.bias[0], 1, 0.02);
}

// y = 2 a + 3 b + c, where c hardly varies but has the cell that b could have.
TEST(Compensate, MayHandACellToAWeightThatServesBetter) {
  nn::Network dense{"image", "logits", {}};
  dense.layers.push_back({"image", nn::Input{}, {}, {3, 1, 1}});
  dense.layers.push_back({"logits", nn::Linear{1, {2, 3, 1}, {0}}, {0}, {}});
  ASSERT_TRUE(nn::InferShapes(dense).ok());
  nn::Network packed = dense;
  packed.layers[1].as<nn::Linear>()->weight = {2, 0, 1};
  const Cells cells{"logits", {0, 1, 1}, 2, {1, 1, 1}};
  std::vector<float> images;
  for (int i = 0; i < 32; ++i) images.insert(images.end(), {float(i % 8), float(i / 8), float(i % 3) / 100});
  const auto kept = Compensate(dense, packed, {}, images, {});
  const auto exchanged = Compensate(dense, packed, {&cells, 1}, images, {});
  ASSERT_TRUE(kept.ok() && exchanged.ok());
  EXPECT_EQ(kept->layers[1].as<nn::Linear>()->weight[1], 0);
  EXPECT_EQ(exchanged->layers[1].as<nn::Linear>()->weight[2], 0);
  EXPECT_NEAR(exchanged->layers[1].as<nn::Linear>()->weight[1], 3, 0.02);
  EXPECT_LT(SquaredError(dense, *exchanged, images), 0.1 * SquaredError(dense, *kept, images));
}

TEST(Compensate, Stops) {
  std::stop_source stop;
  stop.request_stop();
  const nn::Network network = RandomNetwork(1, {.blocks = 2});
  EXPECT_EQ(Compensate(network, network, {}, RandomImages(network.input_shape(), 2), stop.get_token()).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(Compensate, TakesTheBatchNormStatisticsOfTheImages) {
  nn::Network network{"image", "logits", {}};
  network.layers.push_back({"image", nn::Input{}, {}, {1, 1, 2}});
  network.layers.push_back({"norm", nn::BatchNorm{{1}, {0}, {7}, {9}}, {0}, {}});
  network.layers.push_back({"logits", nn::Linear{1, {1, 1}, {0}}, {1}, {}});
  ASSERT_TRUE(nn::InferShapes(network).ok());
  const auto after = Compensate(network, network, {}, std::vector<float>{0, 1, 2, 5}, {});
  ASSERT_TRUE(after.ok()) << after.status();
  const auto& norm = *after->layers[1].as<nn::BatchNorm>();
  EXPECT_FLOAT_EQ(norm.mean[0], 2);
  EXPECT_FLOAT_EQ(norm.variance[0], 14.0f / 3);  // unbiased
}

}  // namespace
}  // namespace colonnade::training
