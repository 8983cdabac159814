// SPDX-License-Identifier: Apache-2.0
#include "server/nn/network.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::nn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Convolution Conv(int filters, int weights, Window window = {}, int groups = 1) {
  return {filters, groups, window, std::vector<float>(weights, 0.5f), std::vector<float>(filters, 0.0f)};
}

Network Chain(Shape input, std::vector<Operation> operations) {
  Network network{"image", "logits", {{"image", Input{}, {}, input}}};
  for (Operation& operation : operations) {
    const int index = int(network.layers.size());
    network.layers.push_back({"layer" + std::to_string(index), std::move(operation), {index - 1}, {}});
  }
  return network;
}

absl::Status InferChain(Shape input, std::vector<Operation> operations) {
  Network network = Chain(input, std::move(operations));
  return InferShapes(network);
}

TEST(WindowOutput, CountsWholeWindows) {
  EXPECT_EQ(WindowOutput(32, 3, 1, 1, 1, 1), 32);
  EXPECT_EQ(WindowOutput(32, 3, 2, 1, 1, 1), 16);
  EXPECT_EQ(WindowOutput(7, 3, 2, 0, 0, 2), 2);
  EXPECT_EQ(WindowOutput(2, 3, 1, 0, 0, 1), 0);
  EXPECT_EQ(WindowOutput(1, 65536, 1, 0, 0, 65536), 0) << "no overflow";
}

TEST(InferShapes, FollowsEveryOperation) {
  Network network =
      Chain({3, 9, 8}, {Conv(4, 4 * 3 * 3 * 3, {3, 3, 2, 1, 1, 1, 1, 1, 1, 1}),
                        BatchNorm{{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}}, Clip{},
                        Shift{{0, 1, -1, 0}, {1, 0, 0, -1}, 1, 2}, MaxPool{{2, 2, 1, 1}}, PadChannels{1, 3},
                        Subsample{3, 2}, AveragePool{{2, 2, 1, 1}}, Flatten{},
                        Linear{5, std::vector<float>(40, 1.0f), std::vector<float>(5, 0.0f)}, Softmax{}});
  ASSERT_TRUE(InferShapes(network).ok()) << InferShapes(network);
  std::vector<std::string> shapes;
  for (const Layer& layer : network.layers) shapes.push_back(ToString(layer.output));
  EXPECT_THAT(shapes, ElementsAre("3x9x8", "4x5x8", "4x5x8", "4x5x8", "4x5x4", "4x4x3", "8x4x3", "8x2x2",
                                  "8x1x1", "8x1x1", "5x1x1", "5x1x1"));
}

TEST(InferShapes, JoinsBranches) {
  Network network = Chain({2, 4, 4}, {Clip{}});
  network.layers.push_back({"sum", Add{}, {0, 1}, {}});
  network.layers.push_back({"join", Concat{}, {0, 1, 2}, {}});
  network.layers.push_back({"mean", GlobalAveragePool{}, {3}, {}});
  ASSERT_TRUE(InferShapes(network).ok());
  EXPECT_EQ(network.output_shape(), (Shape{6, 1, 1}));
  EXPECT_THAT(network.Consumers(), ElementsAre(ElementsAre(1, 2, 3), ElementsAre(2, 3), ElementsAre(3),
                                               ElementsAre(4), ElementsAre()));
}

TEST(InferShapes, NamesLayerAndCause) {
  const auto message = [](Shape input, std::vector<Operation> operations) {
    const absl::Status status = InferChain(input, std::move(operations));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message({3, 4, 4}, {Conv(2, 5)}),
              HasSubstr("'layer1': weight holds 5 values; the shapes need 6"));
  EXPECT_THAT(message({3, 4, 4}, {Conv(2, 3, {}, 2)}), HasSubstr("groups is 2; must divide"));
  EXPECT_THAT(message({3, 4, 4}, {Conv(2, 6, {1, 1, 0, 2})}), HasSubstr("stride_h is 0; must be 1 to"));
  EXPECT_THAT(message({3, 4, 4}, {Conv(2, 6, {1, 1, 1, 1, -1})}), HasSubstr("pad_top is -1; must be 0 to"));
  EXPECT_THAT(message({1, 4, 4}, {Conv(1, 25, {5, 5})}), HasSubstr("does not fit the padded input 1x4x4"));
  EXPECT_THAT(message({1, 4, 4}, {MaxPool{{2, 2, 1, 1, 2, 0, 0, 0}}}), HasSubstr("lies in the padding only"));
  EXPECT_THAT(message({1, 4, 4}, {AveragePool{{2, 2, 2, 2, 0, 0, 2, 0}}}),
              HasSubstr("lies in the padding only"));
  EXPECT_THAT(message({1, 4, 4}, {MaxPool{{2, 2, 1, 1, 0, 0, 0, 0, 2, 1}}}), HasSubstr("dilation"));
  EXPECT_THAT(message({1, 2, 2}, {Linear{1, {1, 2, nan, 4}, {0}}}), HasSubstr("weight[2] is nan"));
  EXPECT_THAT(message({1, 2, 2}, {Softmax{}, Clip{}}), HasSubstr("Softmax, which may only be the last"));
  EXPECT_THAT(message({1, 2, 2}, {Clip{2, 1}}), HasSubstr("low must not exceed high"));
  EXPECT_THAT(message({1, 2, 2}, {Clip{nan, 1}}), HasSubstr("low must not exceed high"));
  EXPECT_THAT(message({1, 2, 2}, {BatchNorm{{1}, {0}, {0}, {-1}}}), HasSubstr("variance holds -1"));
  EXPECT_THAT(message({2, 2, 2}, {Shift{{0}, {0}}}), HasSubstr("the input has 2 channels"));
  EXPECT_THAT(message({0, 2, 2}, {}), HasSubstr("every side must be at least 1"));
  EXPECT_THAT(message({1, 2, 2}, {Add{}}), HasSubstr("reads 1 tensors; must read 2"));
}

TEST(InferShapes, LimitsTensorsAtTwoToThe26) {
  EXPECT_TRUE(InferChain({1 << 10, 1 << 8, 1 << 8}, {Clip{}}).ok());
  EXPECT_FALSE(InferChain({1 << 10, 1 << 8, (1 << 8) + 1}, {Clip{}}).ok());
  EXPECT_FALSE(InferChain({2147483647, 2147483647, 2147483647}, {}).ok()) << "product overflows 64 bits";
  EXPECT_TRUE(InferChain({1, 1, 1}, {PadChannels{0, (1 << 26) - 1}}).ok());
  EXPECT_FALSE(InferChain({1, 1, 1}, {PadChannels{1, (1 << 26) - 1}}).ok());
}

TEST(InferShapes, RefusesForwardReferencesAndEqualNames) {
  Network forward = Chain({1, 2, 2}, {Clip{}, Clip{}});
  forward.layers[1].inputs = {2};
  EXPECT_FALSE(InferShapes(forward).ok());
  Network self = Chain({1, 2, 2}, {Clip{}});
  self.layers[1].inputs = {1};
  EXPECT_FALSE(InferShapes(self).ok());
  Network equal = Chain({1, 2, 2}, {Clip{}, Clip{}});
  equal.layers[2].name = equal.layers[1].name;
  EXPECT_THAT(InferShapes(equal).message(), HasSubstr("same name"));
}

TEST(AppendLayer, LeavesTheNetworkAloneOnError) {
  Network network;
  EXPECT_FALSE(AppendLayer(network, {"relu", Clip{}, {}, {}}).ok());
  ASSERT_TRUE(AppendLayer(network, {"image", Input{}, {}, {3, 4, 4}}).ok());
  ASSERT_TRUE(AppendLayer(network, {"pool", MaxPool{{2, 2, 2, 2}}, {0}, {}}).ok());
  EXPECT_EQ(network.output_shape(), (Shape{3, 2, 2}));
  EXPECT_THAT(AppendLayer(network, {"big", MaxPool{{3, 3}}, {1}, {}}).message(), HasSubstr("does not fit"));
  EXPECT_EQ(network.layers.size(), 2u);
}

TEST(DenseMacs, CountsConvolutionsAndLinears) {
  Network network =
      Chain({4, 6, 6}, {Conv(8, 8 * 2 * 9, {3, 3}, 2), Flatten{},
                        Linear{10, std::vector<float>(10 * 128, 1.0f), std::vector<float>(10)}});
  ASSERT_TRUE(InferShapes(network).ok());
  EXPECT_EQ(network.DenseMacs(), 16 * 8 * 2 * 9 + 10 * 128);
}

TEST(OperationName, IsTheTypesName) {
  EXPECT_EQ(OperationName(GlobalAveragePool{}), "GlobalAveragePool");
  EXPECT_EQ(OperationName(PadChannels{}), "PadChannels");
}

}  // namespace
}  // namespace colonnade::nn
