// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/nn/transforms.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"
#include "tests/unit/packing/matrices.h"
#include "tests/unit/packing/permuted.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::packing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

nn::Network RandomNetworkFor(uint64_t seed) {
  RandomNetworkOptions options;
  options.batch_norms = seed % 2 == 1;
  options.softmax = seed % 3 == 0;
  return RandomNetwork(seed, options);
}

PermutedNetwork Permuted(const nn::Network& network, int alpha) {
  auto permuted = PermuteRows(network, SameAlpha(network, alpha));
  EXPECT_TRUE(permuted.ok()) << permuted.status();
  return permuted.ok() ? *permuted : PermutedNetwork{network, {}, {}};
}

TEST(PermuteRows, KeepsTheFunctionOfEveryNetwork) {
  int moved = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const nn::Network network = RandomNetworkFor(seed);
    const PermutedNetwork permuted = Permuted(network, int(seed % 5) + 2);
    for (const RowPermutation& permutation : permuted.permutations) {
      ASSERT_TRUE(permutation.Check().ok());
      moved += !permutation.is_identity();
    }
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    EXPECT_LT(Difference(RunFloat(network, image), RunFloat(permuted.network, image)), 1e-4);
  }
  EXPECT_GT(moved, 1000);
}

// At the same scales every accumulator is a sum of the same integers.
TEST(PermuteRows, IntegerLogitsAreIdentical) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const auto folded = nn::FoldBatchNorms(RandomNetworkFor(seed));
    ASSERT_TRUE(folded.ok()) << folded.status();
    ExpectIdenticalLogits(*folded, Permuted(*folded, 4).network, seed);
  }
}

TEST(PermuteRows, GroupsAreRunsOfAdjacentChannels) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const int alpha = int(seed % 7) + 2;
    const PermutedNetwork permuted = Permuted(RandomNetworkFor(seed), alpha);
    for (const nn::Layer& layer : permuted.network.layers) {
      if (!layer.is_matrix()) continue;
      const nn::FilterMatrix matrix = MatrixOf(permuted.network, layer);
      const Grouping& grouping = permuted.groupings.at(layer.name);
      const PackingProblem problem{matrix, alpha, double(alpha - 1), nn::FeedRule::kChannelBlock};
      EXPECT_TRUE(problem.Verify(grouping).ok()) << layer.name << ": " << problem.Verify(grouping);
      for (const std::vector<int>& group : grouping.groups) {
        const int first = matrix.column_sites[size_t(group.front())].channel;
        EXPECT_LT(matrix.column_sites[size_t(group.back())].channel, first + alpha);
      }
    }
  }
}

TEST(PermuteRows, LosesLessThanTheFilesOrder) {
  double kept = 0, in_file_order = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const nn::Network network = RandomNetworkFor(seed);
    kept += KeptShare(Permuted(network, 2));
    PermutedNetwork unpermuted{network, {}, {}};
    for (const nn::Layer& layer : network.layers) {
      if (layer.is_matrix()) unpermuted.groupings[layer.name] = GroupAdjacentChannels(MatrixOf(network, layer), 2);
    }
    in_file_order += KeptShare(unpermuted);
  }
  EXPECT_GT(kept, in_file_order + 100);  // a percentage point on average
}

TEST(PermuteRows, TheSameNetworkGivesTheSameOrders) {
  const nn::Network network = RandomNetworkFor(9);
  EXPECT_EQ(Permuted(network, 4).permutations, Permuted(network, 4).permutations);
}

class SmallNetwork : public testing::Test {
 protected:
  explicit SmallNetwork(nn::Shape input = {3, 4, 4}) { network_.layers.push_back({"image", nn::Input{}, {}, input}); }

  int Append(nn::Operation operation, std::vector<int> inputs) {
    const std::string name = "layer" + std::to_string(network_.layers.size());
    EXPECT_TRUE(nn::AppendLayer(network_, {name, std::move(operation), std::move(inputs), {}}).ok());
    return int(network_.layers.size()) - 1;
  }

  // Pointwise, with weights that only a seed knows.
  int Conv(int filters, int input, int groups = 1) {
    const int channels = network_.layers[size_t(input)].output.channels / groups;
    return Append(nn::Convolution{filters, groups, {}, Values(filters * channels), Values(filters)}, {input});
  }

  int Conv(const std::vector<std::vector<float>>& rows, int input) {
    return Append(nn::Convolution{int(rows.size()), 1, {}, Matrix(rows).values, std::vector<float>(rows.size())},
                  {input});
  }

  std::vector<float> Values(int count) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i) values.push_back(float(++drawn_ * 7919 % 2003) / 1000 - 1);
    return values;
  }

  void ExpectSameFunction(const PermutedNetwork& permuted) {
    ExpectIdenticalLogits(network_, permuted.network, 1);
    const std::vector<float> image = RandomImage(network_.input_shape(), 2);
    EXPECT_LT(Difference(RunFloat(network_, image), RunFloat(permuted.network, image)), 1e-4);
  }

  // The channels that a layer's groups read, as they were numbered before.
  std::vector<std::vector<int>> Blocks(const PermutedNetwork& permuted, int layer) {
    const nn::Layer& of = permuted.network.layers[size_t(layer)];
    const std::vector<int>& source = permuted.permutations[size_t(of.inputs[0])].source;
    std::vector<std::vector<int>> blocks;
    for (const std::vector<int>& group : permuted.groupings.at(of.name).groups) {
      std::vector<int>& block = blocks.emplace_back();
      for (const int column : group) block.push_back(source[size_t(column)]);
      std::sort(block.begin(), block.end());
    }
    return blocks;
  }

  nn::Network network_{"image", "logits", {}};
  int drawn_ = 0;
};

TEST_F(SmallNetwork, PutsChannelsTogetherThatDoNotConflict) {
  const int middle = Conv(4, 0);
  const int last = Conv({{1, 1, 0, 0}, {1, 0, 0, 1}, {0, 1, 1, 0}}, middle);
  const PermutedNetwork permuted = Permuted(network_, 2);
  EXPECT_THAT(Blocks(permuted, last), UnorderedElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, ReadersOfOneTensorShareTheirBlocks) {
  // Alone, the first reader could as well have {0, 1} and {2, 3}, the second {0, 3} and {1, 2}.
  const int middle = Conv(4, 0);
  const int a = Conv({{5, 0, 0, 5}, {0, 5, 5, 0}}, middle);
  const int b = Conv({{5, 5, 0, 0}, {0, 0, 5, 5}}, middle);
  Append(nn::Add{}, {a, b});
  const PermutedNetwork permuted = Permuted(network_, 2);
  EXPECT_EQ(Blocks(permuted, a), Blocks(permuted, b));
  EXPECT_THAT(Blocks(permuted, a), UnorderedElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
}

TEST_F(SmallNetwork, ImportanceDecides) {
  const int middle = Conv(4, 0);
  const int last = Conv({{5, 1, 4, 1}, {1, 5, 1, 4}, {9, 9, 0, 0}}, middle);
  EXPECT_THAT(Blocks(Permuted(network_, 2), last), UnorderedElementsAre(ElementsAre(0, 3), ElementsAre(1, 2)));
  // Channel 2 now costs 1 and 16 in the two rows, channel 3 costs 16 and 1.
  const WeightImportance importance = {
      {network_.layers[size_t(last)].name, {1, 1, 1.0f / 16, 16, 1, 1, 16, 1.0f / 16, 1, 1, 1, 1}}};
  const auto permuted = PermuteRows(network_, SameAlpha(network_, 2), &importance);
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  EXPECT_THAT(Blocks(*permuted, last), UnorderedElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
}

TEST_F(SmallNetwork, EmbeddedChannelsComeFirst) {
  const int inner = Append(nn::Clip{}, {Conv(4, 0)});
  const int padded = Append(nn::PadChannels{3, 1}, {inner});
  const int sum = Append(nn::Add{}, {Conv(8, inner), padded});
  Conv(5, sum);
  const PermutedNetwork permuted = Permuted(network_, 4);
  const auto* pad = permuted.network.layers[size_t(padded)].as<nn::PadChannels>();
  EXPECT_EQ(pad->before, 0);
  EXPECT_EQ(pad->after, 4);
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, PixelsFollowTheirChannels) {
  const int middle = Append(nn::Clip{}, {Conv(6, 0)});
  Conv(5, middle);
  const int flat = Append(nn::Clip{0.0f, 6.0f}, {Append(nn::Flatten{}, {middle})});
  Append(nn::Linear{4, Values(4 * 96), Values(4)}, {flat});
  const PermutedNetwork permuted = Permuted(network_, 2);
  EXPECT_FALSE(permuted.permutations[size_t(middle)].is_identity());
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, PixelsThatAlsoCountAsChannelsStay) {
  const int middle = Conv(6, 0);
  Conv(5, middle);
  const int flat = Append(nn::Flatten{}, {middle});
  const int linear = Append(nn::Linear{96, Values(96 * 96), Values(96)}, {flat});
  const int sum = Append(nn::Add{}, {linear, flat});
  Append(nn::Linear{4, Values(4 * 96), Values(4)}, {sum});
  const PermutedNetwork permuted = Permuted(network_, 2);
  EXPECT_TRUE(permuted.permutations[size_t(middle)].is_identity());
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, GroupedConvolutionsKeepTheirBlocks) {
  const int middle = Conv(8, 0);
  const int grouped = Conv(8, middle, 2);
  Conv(5, grouped);
  const PermutedNetwork permuted = Permuted(network_, 2);
  for (const int tensor : {middle, grouped}) {
    const std::vector<int>& source = permuted.permutations[size_t(tensor)].source;
    for (size_t i = 0; i < 4; ++i) EXPECT_LT(source[i], 4);
    EXPECT_FALSE(permuted.permutations[size_t(tensor)].is_identity());
  }
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, ATensorMayBeJoinedToItself) {
  const int middle = Conv(6, 0);
  const int joined = Append(nn::Concat{}, {middle, Conv(4, middle), middle});
  const int flat = Append(nn::Flatten{}, {Append(nn::Clip{}, {joined})});
  Append(nn::Linear{4, Values(4 * 256), Values(4)}, {flat});
  ExpectSameFunction(Permuted(network_, 2));
}

TEST_F(SmallNetwork, DepthwiseLayersAndShiftsMoveAlong) {
  const int middle = Conv(6, 0);
  const int depthwise = Conv(6, middle, 6);
  const int shift = Append(nn::Shift{{-1, 0, 1, 0, 1, -1}, {0, 1, 0, -1, 1, -1}}, {depthwise});
  Conv(5, Append(nn::AveragePool{{2, 2, 2, 2}}, {Append(nn::Add{}, {shift, middle})}));
  const PermutedNetwork permuted = Permuted(network_, 3);
  EXPECT_FALSE(permuted.permutations[size_t(middle)].is_identity());
  EXPECT_EQ(permuted.permutations[size_t(depthwise)], permuted.permutations[size_t(middle)]);
  ExpectSameFunction(permuted);
}

TEST_F(SmallNetwork, RunsOfFourConsistOfPairs) {
  const int middle = Conv(4, 0);
  const int a = Conv({{5, 5, 0, 0}, {0, 0, 5, 5}}, middle);
  const int b = Conv({{5, 5, 0, 0}, {0, 0, 5, 5}}, middle);
  Append(nn::Add{}, {a, b});
  const auto permuted =
      PermuteRows(network_, {{network_.layers[size_t(a)].name, 4}, {network_.layers[size_t(b)].name, 2}});
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  EXPECT_THAT(Blocks(*permuted, a), ElementsAre(ElementsAre(0, 1, 2, 3)));
  EXPECT_THAT(Blocks(*permuted, b), UnorderedElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
}

TEST(GroupAdjacentChannels, CutsAtMultiplesAndSkipsDeadChannels) {
  EXPECT_THAT(GroupAdjacentChannels(Matrix({{1, 1, 1, 1, 1}}), 2).groups,
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
  EXPECT_THAT(GroupAdjacentChannels(Matrix({{1, 0, 1, 1, 0}}), 2).groups,
              ElementsAre(ElementsAre(0), ElementsAre(2, 3)));
  EXPECT_THAT(GroupAdjacentChannels(Matrix({{0, 1, 1, 0, 0}}), 2).groups, ElementsAre(ElementsAre(1, 2)));
  EXPECT_TRUE(GroupAdjacentChannels(Matrix({{0, 0}}), 2).groups.empty());
}

TEST(GroupAdjacentChannels, SuitsEveryMatrix) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const int alpha = int(seed % 9) + 1;
    const PackingProblem problem{matrix, alpha, double(alpha - 1), nn::FeedRule::kChannelBlock};
    const Grouping grouping = GroupAdjacentChannels(matrix, alpha);
    EXPECT_TRUE(problem.Verify(grouping).ok()) << "seed " << seed << ": " << problem.Verify(grouping);
  }
}

}  // namespace
}  // namespace colonnade::packing
