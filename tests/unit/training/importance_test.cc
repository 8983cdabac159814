// SPDX-License-Identifier: Apache-2.0
#include "server/training/importance.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/filter_matrix.h"
#include "tests/support/random_network.h"

namespace colonnade::training {
namespace {

using testing::Each;
using testing::ElementsAre;

// Two inputs; the second filter's output counts for nothing.
nn::Network TwoFilters() {
  nn::Network network{"image", "logits", {}};
  network.layers.push_back({"image", nn::Input{}, {}, {2, 1, 1}});
  network.layers.push_back({"conv", nn::Convolution{2, 1, {}, {1, 1, 1, 1}, {0, 0}}, {0}, {}});
  network.layers.push_back({"logits", nn::Linear{2, {1, 0, -1, 0}, {0, 0}}, {1}, {}});
  EXPECT_TRUE(nn::InferShapes(network).ok());
  return network;
}

TEST(InputImportance, IsTheMeanSquareOfTheInput) {
  const auto importance = InputImportance(TwoFilters(), std::vector<float>{1, 0, 3, 2});
  ASSERT_TRUE(importance.ok()) << importance.status();
  EXPECT_THAT(importance->at("conv"), ElementsAre(5, 2, 5, 2));  // (1 + 9) / 2, (0 + 4) / 2
  EXPECT_THAT(importance->at("logits"), ElementsAre(13, 13, 13, 13));  // (1 + 25) / 2
}

TEST(FisherImportance, IsZeroForWhatChangesNothing) {
  const auto importance = FisherImportance(TwoFilters(), std::vector<float>{1, 0, 3, 2, 0.5, 0.25}, 1);
  ASSERT_TRUE(importance.ok()) << importance.status();
  const std::vector<float>& conv = importance->at("conv");
  EXPECT_GT(conv[0], 0);
  EXPECT_EQ(conv[2], 0);
  EXPECT_EQ(conv[3], 0);
}

TEST(FisherImportance, HasAValueForEveryEntryOfEveryFilterMatrixAndRepeats) {
  const nn::Network network = RandomNetwork(3, {.blocks = 4});
  const std::vector<float> image = RandomImage(network.input_shape(), 1);
  const auto first = FisherImportance(network, image, 7), second = FisherImportance(network, image, 7);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, *second);
  for (const nn::Layer& layer : network.layers) {
    if (!layer.is_matrix()) continue;
    const auto matrix = nn::ToFilterMatrix(network, layer);
    EXPECT_EQ(first->at(layer.name).size(), matrix.values.size()) << layer.name;
    EXPECT_THAT(first->at(layer.name), Each(testing::Ge(0))) << layer.name;
  }
}

}  // namespace
}  // namespace colonnade::training
