// SPDX-License-Identifier: Apache-2.0
#include "server/nn/transforms.h"

#include <limits>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/filter_matrix.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"

namespace colonnade::nn {
namespace {

constexpr int kSeeds = 200;

bool Has(const Network& network, std::string_view operation) {
  for (const Layer& layer : network.layers) {
    if (OperationName(layer.operation) == operation) return true;
  }
  return false;
}

TEST(FoldBatchNorms, KeepsTheFunctionOfRandomNetworks) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Network network = RandomNetwork(seed, {.batch_norms = true});
    const auto folded = FoldBatchNorms(network);
    ASSERT_TRUE(folded.ok()) << folded.status();
    EXPECT_FALSE(Has(*folded, "BatchNorm"));
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    EXPECT_LT(Difference(RunFloat(network, image), RunFloat(*folded, image)), 1e-4) << "seed " << seed;
  }
}

// image -> conv -> norm, and conv -> clip when `shared`.
Network ConvThenNorm(bool shared) {
  Network network{"image", "out", {{"image", Input{}, {}, {1, 2, 2}}}};
  network.layers.push_back({"conv", Convolution{2, 1, {}, {1, 2}, {3, 4}}, {0}, {}});
  network.layers.push_back({"norm", BatchNorm{{2, 1}, {10, 0}, {1, 0}, {4, 1}, 0.0f}, {1}, {}});
  if (shared) network.layers.push_back({"sum", Add{}, {1, 2}, {}});
  EXPECT_TRUE(InferShapes(network).ok());
  return network;
}

TEST(FoldBatchNorms, FoldsIntoTheConvolutionBefore) {
  const auto folded = FoldBatchNorms(ConvThenNorm(false));
  ASSERT_TRUE(folded.ok());
  ASSERT_EQ(folded->layers.size(), 2u);
  EXPECT_THAT(folded->layers[1].as<Convolution>()->weight, testing::ElementsAre(1, 2));
  EXPECT_THAT(folded->layers[1].as<Convolution>()->bias, testing::ElementsAre(12, 4));
}

TEST(FoldBatchNorms, LeavesASharedConvolutionAlone) {
  const auto folded = FoldBatchNorms(ConvThenNorm(true));
  ASSERT_TRUE(folded.ok());
  EXPECT_THAT(folded->layers[1].as<Convolution>()->weight, testing::ElementsAre(1, 2));
  const auto* depthwise = folded->layers[2].as<Convolution>();
  ASSERT_NE(depthwise, nullptr);
  EXPECT_EQ(depthwise->groups, 2);
  EXPECT_THAT(depthwise->weight, testing::ElementsAre(1, 1));
  EXPECT_THAT(depthwise->bias, testing::ElementsAre(9, 0));
  EXPECT_EQ(folded->layers[2].name, "norm");
}

TEST(FoldBatchNorms, RefusesWeightsThatOverflow) {
  Network network = ConvThenNorm(false);
  network.layers[1].as<Convolution>()->weight[0] = std::numeric_limits<float>::max();
  network.layers[2].as<BatchNorm>()->scale[0] = 1e10f;
  EXPECT_THAT(FoldBatchNorms(network).status().message(), testing::HasSubstr("'conv': weight[0] is inf"));
}

TEST(TrimSoftmax, LeavesTheLogits) {
  const Network logits = RandomNetwork(7), network = RandomNetwork(7, {.softmax = true});
  EXPECT_TRUE(Has(network, "Softmax"));
  const Network trimmed = TrimSoftmax(network);
  const std::vector<float> image = RandomImage(network.input_shape(), 7);
  EXPECT_EQ(RunFloat(trimmed, image), RunFloat(logits, image));
  EXPECT_EQ(TrimSoftmax(logits).layers.size(), logits.layers.size());
}

TEST(RemoveLayer, RewiresItsReaders) {
  Network network{"image", "out", {{"image", Input{}, {}, {1, 2, 2}}}};
  network.layers.push_back({"a", Clip{}, {0}, {}});
  network.layers.push_back({"b", Clip{}, {1}, {}});
  network.layers.push_back({"sum", Add{}, {1, 2}, {}});
  const Network removed = RemoveLayer(network, 1);
  ASSERT_EQ(removed.layers.size(), 3u);
  EXPECT_THAT(removed.layers[1].inputs, testing::ElementsAre(0));
  EXPECT_THAT(removed.layers[2].inputs, testing::ElementsAre(0, 1));
}

TEST(KeepOnly, DropsWhatTheOutputDoesNotNeed) {
  Network network{"image", "out", {{"image", Input{}, {}, {1, 4, 4}}}};
  network.layers.push_back({"unread", Clip{}, {0}, {}});
  network.layers.push_back({"a", Clip{}, {0}, {}});
  network.layers.push_back({"b", Subsample{2, 2}, {2}, {}});
  network.layers.push_back({"later", Clip{}, {3}, {}});
  Network kept = KeepOnly(network, 3);
  ASSERT_TRUE(InferShapes(kept).ok());
  ASSERT_EQ(kept.layers.size(), 3u);
  EXPECT_EQ(kept.layers[2].name, "b");
  EXPECT_THAT(kept.layers[2].inputs, testing::ElementsAre(1));
}

TEST(RandomNetwork, UsesEveryOperation) {
  std::set<std::string_view> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (const Layer& layer : RandomNetwork(seed, {.batch_norms = true, .softmax = true}).layers) {
      seen.insert(OperationName(layer.operation));
    }
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<Operation>);
}

// image -> flatten -> fully connected
Network FlattenThenLinear(const Shape& image) {
  Network network{"image", "out", {{"image", Input{}, {}, image}}};
  const int values = int(image.size());
  std::vector<float> weight;
  for (int i = 0; i < 2 * values; ++i) weight.push_back(float(i));
  network.layers.push_back({"flatten", Flatten{}, {0}, {}});
  network.layers.push_back({"full", Linear{2, weight, {1, 2}}, {1}, {}});
  EXPECT_TRUE(InferShapes(network).ok());
  return network;
}

TEST(ReadImagesByWindows, KeepsTheFunctionOfRandomNetworks) {
  int changed = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Network network = RandomNetwork(seed);
    Network windowed = ReadImagesByWindows(network);
    ASSERT_TRUE(InferShapes(windowed).ok());
    changed += Has(network, "Linear") && !Has(windowed, "Linear");
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    EXPECT_LT(Difference(RunFloat(network, image), RunFloat(windowed, image)), 1e-4) << "seed " << seed;
  }
  EXPECT_GT(changed, kSeeds / 4);
}

TEST(ReadImagesByWindows, PutsColumnsAtTheirPixels) {
  const Network network = ReadImagesByWindows(FlattenThenLinear({3, 2, 2}));
  ASSERT_EQ(network.layers.size(), 2u);
  const FilterMatrix matrix = ToFilterMatrix(network, network.layers[1]);
  EXPECT_EQ(matrix.column_sites[6], (Column{1, 1, 0}));
  EXPECT_EQ(matrix.at(1, 6), 18);
}

TEST(ReadImagesByWindows, LeavesVectorsAlone) {
  EXPECT_EQ(ReadImagesByWindows(FlattenThenLinear({3, 1, 1})).layers.size(), 3u);
}

TEST(ReadImagesByWindows, LeavesAFlattenThatOthersRead) {
  Network network = FlattenThenLinear({3, 2, 2});
  network.layers.push_back({"again", Flatten{}, {1}, {}});
  network.layers.push_back({"joined", Concat{}, {2, 3}, {}});
  ASSERT_TRUE(InferShapes(network).ok());
  network = ReadImagesByWindows(std::move(network));
  ASSERT_TRUE(InferShapes(network).ok());
  EXPECT_EQ(network.layers.size(), 5u);
  EXPECT_EQ(network.layers[2].inputs[0], 0);
}

}  // namespace
}  // namespace colonnade::nn
