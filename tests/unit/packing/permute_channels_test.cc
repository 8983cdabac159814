// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/float_network.h"
#include "tests/support/random_network.h"

namespace colonnade::packing {
namespace {

using ::testing::HasSubstr;

TEST(RowPermutation, IsABijection) {
  EXPECT_TRUE((RowPermutation{{2, 0, 1}}).Check().ok());
  EXPECT_TRUE((RowPermutation{{}}).Check().ok());
  EXPECT_THAT((RowPermutation{{0, 3, 1}}).Check().ToString(), HasSubstr("place 1 takes channel 3; 0 to 2 exist"));
  EXPECT_THAT((RowPermutation{{0, -1}}).Check().ToString(), HasSubstr("place 1 takes channel -1"));
  EXPECT_THAT((RowPermutation{{1, 0, 1}}).Check().ToString(),
              HasSubstr("place 2 takes channel 1, which a place before it has"));
}

// input (2) -> conv0 (4) -> conv1 (4, reads conv0) -> Add(conv1, conv0) -> PadChannels to 6
// -> Flatten (24) -> Linear (3), on 2 x 2 images.
class ApplyPermutationsTest : public testing::Test {
 protected:
  void SetUp() override {
    network_.layers.push_back({"image", nn::Input{}, {}, {2, 2, 2}});
    Append(nn::Convolution{4, 1, {}, Values(8), Values(4)}, {0});
    Append(nn::Convolution{4, 2, {}, Values(8), Values(4)}, {1});
    Append(nn::Add{}, {2, 1});
    Append(nn::PadChannels{1, 1}, {3});
    Append(nn::Flatten{}, {4});
    Append(nn::Linear{3, Values(72), Values(3)}, {5});
    for (const nn::Layer& layer : network_.layers) {
      RowPermutation& permutation = permutations_.emplace_back();
      permutation.source.resize(size_t(layer.output.channels));
      std::iota(permutation.source.begin(), permutation.source.end(), 0);
    }
  }

  void Append(nn::Operation operation, std::vector<int> inputs) {
    const std::string name = "layer" + std::to_string(network_.layers.size());
    ASSERT_TRUE(nn::AppendLayer(network_, {name, std::move(operation), std::move(inputs), {}}).ok());
  }

  std::vector<float> Values(int count) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i) values.push_back(float(++drawn_ * 37 % 101) / 50 - 1);
    return values;
  }

  // Channels 1, 0, 3, 2 of the residual stage, then padding on one side only.
  void Reorder() {
    for (const int layer : {1, 2, 3}) permutations_[size_t(layer)].source = {1, 0, 3, 2};
    permutations_[4].source = {5, 2, 1, 4, 3, 0};
    permutations_[5].source.clear();
    for (const int channel : permutations_[4].source) {
      for (int pixel = 0; pixel < 4; ++pixel) permutations_[5].source.push_back(channel * 4 + pixel);
    }
  }

  std::string Refusal() { return ApplyPermutations(network_, permutations_).status().ToString(); }

  nn::Network network_{"image", "logits", {}};
  std::vector<RowPermutation> permutations_;
  int drawn_ = 0;
};

TEST_F(ApplyPermutationsTest, KeepsTheFunction) {
  Reorder();
  const auto permuted = ApplyPermutations(network_, permutations_);
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  const std::vector<float> image = RandomImage(network_.input_shape(), 3);
  const auto before = RunFloatLayers(network_, image), after = RunFloatLayers(*permuted, image);
  EXPECT_LT(Difference(before.back(), after.back()), 1e-6);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(after[3][i], before[3][4 + i]) << "pixels of the sum's first channel";
}

TEST_F(ApplyPermutationsTest, LeavesTheNetworkToTheIdentity) {
  const auto permuted = ApplyPermutations(network_, permutations_);
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  EXPECT_EQ(permuted->layers[6].as<nn::Linear>()->weight, network_.layers[6].as<nn::Linear>()->weight);
  EXPECT_EQ(permuted->layers[4].as<nn::PadChannels>()->before, 1);
}

TEST_F(ApplyPermutationsTest, RefusesOrdersThatDoNotFitTogether) {
  permutations_[1].source = {1, 0, 2, 3};
  EXPECT_THAT(Refusal(), HasSubstr("'layer3': all its tensors must have one order"));
  permutations_[1].source = {2, 1, 0, 3};
  EXPECT_THAT(Refusal(), HasSubstr("'layer2': filters and the channels they read must stay in their blocks"));
}

TEST_F(ApplyPermutationsTest, RefusesEmbeddedChannelsThatAreNoRun) {
  Reorder();
  std::swap(permutations_[4].source[1], permutations_[4].source[0]);
  EXPECT_THAT(Refusal(), HasSubstr("'layer4': the output must hold the input's channels in a run"));
}

TEST_F(ApplyPermutationsTest, RefusesPixelsOutOfTheirRuns) {
  Reorder();
  std::swap(permutations_[5].source[0], permutations_[5].source[4]);
  EXPECT_THAT(Refusal(), HasSubstr("'layer5': the output's order must be the input's"));
}

TEST_F(ApplyPermutationsTest, RefusesOtherInputsAndOutputs) {
  permutations_[0].source = {1, 0};
  EXPECT_THAT(Refusal(), HasSubstr("'image': the channels of the network's input and output"));
  permutations_[0].source = {0, 1};
  permutations_[6].source = {0, 2, 1};
  EXPECT_THAT(Refusal(), HasSubstr("'layer6': the channels of the network's input and output"));
}

TEST_F(ApplyPermutationsTest, RefusesWhatIsNoPermutationOfTheTensor) {
  permutations_[1].source = {0, 1, 2};
  EXPECT_THAT(Refusal(), HasSubstr("'layer1': the permutation has 3 channels; the output has 4"));
  permutations_[1].source = {0, 1, 2, 2};
  EXPECT_THAT(Refusal(), HasSubstr("'layer1': place 3 takes channel 2"));
  permutations_.pop_back();
  EXPECT_THAT(Refusal(), HasSubstr("6 permutations for 7 layers"));
}

}  // namespace
}  // namespace colonnade::packing
