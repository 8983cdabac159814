// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/combine.h"

#include <algorithm>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_network.h"
#include "tests/support/recipes.h"

namespace colonnade::pipeline {
namespace {

using nn::FeedRule;
using testing::HasSubstr;

Round LastRound(int alpha) { return {1, true, 0.2, 1, double(alpha - 1), 0}; }

std::vector<LayerPlan> Plans(const nn::Network& network, int alpha) {
  auto plans = PlanLayers(network, ResolvedRecipe(alpha).packing());
  EXPECT_TRUE(plans.ok()) << plans.status();
  return *plans;
}

TEST(CombineColumns, EveryNetworkEndsInFullGroupsWithoutConflicts) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    for (const FeedRule rule : {FeedRule::kAny, FeedRule::kSameRow, FeedRule::kSameTap}) {
      nn::Network network = RandomNetwork(seed);
      const auto combined = CombineColumns(Plans(network, 4), LastRound(4), {rule}, network);
      ASSERT_TRUE(combined.ok()) << combined.status();
      EXPECT_TRUE(CheckCombined(*combined, rule, /*full=*/true, network).ok()) << "network " << seed;
      EXPECT_LT(combined->columns_after(), combined->columns_before());
    }
  }
}

// Eight filters, 1x1, no zeros.
nn::Network DenseConvolution(int channels) {
  nn::Network network{"image", "logits", {}};
  std::vector<float> weights;
  for (int i = 0; i < 8 * channels; ++i) weights.push_back(float(1 + (i * 37) % 64));
  network.layers.push_back({"image", nn::Input{}, {}, {channels, 1, 1}});
  network.layers.push_back({"conv", nn::Convolution{8, 1, {}, weights, std::vector<float>(8)}, {0}, {}});
  EXPECT_TRUE(nn::InferShapes(network).ok());
  return network;
}

TEST(CombineColumns, NeverPrunesBelowWhatGroupsCanHold) {
  nn::Network network = DenseConvolution(8);  // at alpha 4 two groups have 16 cells
  Round greedy = LastRound(4);
  greedy.prune_fraction = 0.99;
  greedy.gamma = 0;  // no conflicts allowed, so that combining prunes nothing
  const auto combined = CombineColumns(Plans(network, 4), greedy, {FeedRule::kSameTap}, network);
  ASSERT_TRUE(combined.ok()) << combined.status();
  EXPECT_EQ(combined->layers[0].nonzeros, 16);
}

TEST(CombineColumns, CumulativeSharesCountWhatIsPrunedAlready) {
  nn::Network network = DenseConvolution(8);
  Round round = LastRound(4);
  round.cumulative = true;
  round.gamma = 0;
  const std::pair<double, int> expected[] = {{0.5, 40}, {0.5, 40}, {0.25, 40}, {0.75, 28}};
  for (const auto& [share, left] : expected) {
    round.prune_fraction = share;  // times 1 - 1 / 4, of 64 weights
    const auto combined = CombineColumns(Plans(network, 4), round, {FeedRule::kSameTap}, network);
    ASSERT_TRUE(combined.ok()) << combined.status();
    EXPECT_EQ(combined->layers[0].nonzeros, left);
  }
}

TEST(CombineColumns, CumulativeSharesSpareLayersThatStayAsTheyAre) {
  nn::Network network = DenseConvolution(8);
  Round round = LastRound(1);
  round.cumulative = true;
  round.prune_fraction = 0.9;
  const auto combined = CombineColumns(Plans(network, 1), round, {FeedRule::kSameTap}, network);
  ASSERT_TRUE(combined.ok()) << combined.status();
  EXPECT_EQ(combined->layers[0].nonzeros, 64);
}

TEST(CombineColumns, PublishedSectionsKeepColumnsApart) {
  nn::Network network = DenseConvolution(260);  // 87 groups of 3 would do; sections of 256 and 4 need 86 and 2
  const CombineRules rules{FeedRule::kSameTap, v1::PackingSettings::PUBLISHED};
  const auto combined = CombineColumns(Plans(network, 3), LastRound(3), rules, network);
  ASSERT_TRUE(combined.ok()) << combined.status();
  EXPECT_EQ(combined->columns_after(), 88);
  EXPECT_TRUE(CheckCombined(*combined, FeedRule::kSameTap, /*full=*/true, network).ok());
}

TEST(CombineColumns, LeavesExcludedLayersAlone) {
  const nn::Network original = RandomNetwork(4);
  nn::Network network = original;
  std::vector<LayerPlan> plans = Plans(network, 4);
  for (LayerPlan& plan : plans) plan.excluded = true;
  const auto combined = CombineColumns(plans, LastRound(4), {FeedRule::kSameTap}, network);
  ASSERT_TRUE(combined.ok()) << combined.status();
  EXPECT_EQ(combined->columns_after(), combined->columns_before());
  for (const LayerPlan& plan : plans) {
    const nn::Layer& before = original.layers[size_t(plan.layer)];
    const nn::Layer& after = network.layers[size_t(plan.layer)];
    const auto* conv = before.as<nn::Convolution>();
    EXPECT_EQ(conv ? conv->weight : before.as<nn::Linear>()->weight,
              conv ? after.as<nn::Convolution>()->weight : after.as<nn::Linear>()->weight);
  }
}

class CheckCombinedTest : public testing::Test {
 protected:
  void SetUp() override {
    auto combined = CombineColumns(Plans(network_, 4), LastRound(4), {FeedRule::kSameTap}, network_);
    ASSERT_TRUE(combined.ok()) << combined.status();
    combined_ = *combined;
    ASSERT_TRUE(CheckCombined(combined_, FeedRule::kSameTap, true, network_).ok());
  }

  std::string Refusal() { return CheckCombined(combined_, FeedRule::kSameTap, true, network_).ToString(); }

  nn::Network network_ = RandomNetwork(7);
  Combined combined_;
};

TEST_F(CheckCombinedTest, NoticesAWeightThatCameBack) {
  for (nn::Layer& layer : network_.layers) {
    if (auto* linear = layer.as<nn::Linear>()) std::fill(linear->weight.begin(), linear->weight.end(), 1.0f);
  }
  EXPECT_THAT(Refusal(), HasSubstr(combined_.layers.back().plan.name));
  EXPECT_THAT(Refusal(), HasSubstr("conflicts"));
}

TEST_F(CheckCombinedTest, NoticesGroupsThatAreNotFull) {
  const std::string& name = combined_.layers.back().plan.name;
  auto& groups = combined_.groupings[name].groups;
  ASSERT_GT(groups.back().size(), 1u);
  groups.push_back({groups.back().back()});
  groups[groups.size() - 2].pop_back();
  EXPECT_THAT(Refusal(), HasSubstr("groups where"));
}

TEST_F(CheckCombinedTest, NoticesAMissingLayer) {
  combined_.layers.back().plan.name = "gone";
  EXPECT_THAT(Refusal(), HasSubstr("gone: the packed layer is gone"));
}

}  // namespace
}  // namespace colonnade::pipeline
