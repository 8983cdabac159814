// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/schedule.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_network.h"
#include "tests/support/recipes.h"

namespace colonnade::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Matches, StarsStandForAnyRun) {
  EXPECT_TRUE(Matches("layer1.conv1", "layer1.conv1"));
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("*", "anything"));
  EXPECT_TRUE(Matches("layer1.*", "layer1.conv1"));
  EXPECT_TRUE(Matches("*.conv1", "layer1.conv1"));
  EXPECT_TRUE(Matches("l*1*1", "layer1.conv1"));
  EXPECT_TRUE(Matches("l**1", "layer1.conv1"));
  EXPECT_FALSE(Matches("layer1", "layer1.conv1"));
  EXPECT_FALSE(Matches("", "layer1"));
  EXPECT_FALSE(Matches("*.conv2", "layer1.conv1"));
  EXPECT_FALSE(Matches("layer1.conv11", "layer1.conv1"));
}

TEST(Matches, ManyStarsTakeNoTime) {
  std::string pattern, text(200, 'a');
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(Matches(pattern + "b", text));
  EXPECT_TRUE(Matches(pattern, text));
}

// Input, conv1, conv2, linear.
nn::Network ThreeMatrices() {
  nn::Network network{"image", "logits", {}};
  network.layers.push_back({"image", nn::Input{}, {}, {2, 1, 1}});
  network.layers.push_back({"conv1", nn::Convolution{2, 1, {}, {1, 0, 1, 0}, {0, 0}}, {0}, {}});
  network.layers.push_back({"relu", nn::Clip{}, {1}, {}});
  network.layers.push_back({"conv2", nn::Convolution{2, 1, {}, {1, 2, 0, 1}, {0, 0}}, {2}, {}});
  network.layers.push_back({"linear", nn::Linear{2, {1, 1, 1, 1}, {0, 0}}, {3}, {}});
  EXPECT_TRUE(nn::InferShapes(network).ok());
  return network;
}

TEST(PlanLayers, TakesTheFirstOverrideThatFits) {
  v1::PackingSettings settings = ResolvedRecipe(8).packing();
  auto* first = settings.add_layers();
  first->set_pattern("conv2");
  first->set_alpha(2);
  auto* second = settings.add_layers();
  second->set_pattern("conv*");
  second->set_exclude(true);
  const auto plans = PlanLayers(ThreeMatrices(), settings);
  ASSERT_TRUE(plans.ok()) << plans.status();
  ASSERT_EQ(plans->size(), 3u);
  EXPECT_TRUE((*plans)[0].excluded);
  EXPECT_FALSE((*plans)[1].excluded);
  EXPECT_EQ((*plans)[1].alpha, 2);
  EXPECT_EQ((*plans)[1].layer, 3);
  EXPECT_EQ((*plans)[2].alpha, 8);
  EXPECT_EQ((*plans)[0].columns, 1);  // the second column of conv1 is zero
  EXPECT_EQ((*plans)[1].columns, 2);
}

TEST(PlanLayers, RefusesAnOverrideWithoutEffect) {
  v1::PackingSettings settings = ResolvedRecipe().packing();
  settings.add_layers()->set_pattern("con");
  EXPECT_THAT(PlanLayers(ThreeMatrices(), settings).status().ToString(),
              HasSubstr("recipe.packing.layers[0].pattern: 'con' fits no layer"));
}

TEST(PlanRounds, OnlyTheLastRoundFillsGroups) {
  v1::Recipe recipe = ResolvedRecipe(4);
  recipe.mutable_training()->set_rounds(3);
  const std::vector<Round> rounds = PlanRounds(recipe);
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_EQ(rounds[0].gamma, 1.75);
  EXPECT_EQ(rounds[1].gamma, 1.75);
  EXPECT_EQ(rounds[2].gamma, 3);
  EXPECT_EQ(rounds[0].epochs, 3);
  EXPECT_EQ(rounds[2].epochs, 120);
  EXPECT_EQ(TotalEpochs(rounds), 126);
  EXPECT_DOUBLE_EQ(rounds[1].prune_fraction, 0.18);
  EXPECT_TRUE(rounds[2].is_last);
  recipe.mutable_packing()->set_final_gamma(0.5);
  EXPECT_EQ(PlanRounds(recipe)[2].gamma, 0.5);
}

TEST(PlanRounds, ShrinksThePrunedShareByATenth) {
  v1::Recipe recipe = ResolvedRecipe(4);
  recipe.mutable_training()->set_rounds(3);
  recipe.mutable_training()->set_prune_fraction(0.5);
  const std::vector<Round> rounds = PlanRounds(recipe);
  EXPECT_DOUBLE_EQ(rounds[0].prune_fraction, 0.5);
  EXPECT_DOUBLE_EQ(rounds[1].prune_fraction, 0.45);
  EXPECT_DOUBLE_EQ(rounds[2].prune_fraction, 0.405);
  EXPECT_FALSE(rounds[2].cumulative);
}

TEST(PlanRounds, CubicSharesRiseSteeplyAtFirst) {
  v1::Recipe recipe = ResolvedRecipe(4);
  recipe.mutable_training()->set_rounds(10);
  recipe.mutable_training()->set_prune_fraction(0.8);
  recipe.mutable_training()->set_prune_schedule(v1::TrainingSettings::CUBIC);
  const std::vector<Round> rounds = PlanRounds(recipe);
  EXPECT_NEAR(rounds[0].prune_fraction, 0.2168, 1e-9);
  EXPECT_NEAR(rounds[4].prune_fraction, 0.7, 1e-9);
  EXPECT_NEAR(rounds[8].prune_fraction, 0.7992, 1e-9);
  EXPECT_DOUBLE_EQ(rounds[9].prune_fraction, 0.8);
  for (const Round& round : rounds) EXPECT_TRUE(round.cumulative);
}

TEST(PlanRounds, GroupsOfALargerAlphaEndFullToo) {
  v1::Recipe recipe = ResolvedRecipe(4);
  recipe.mutable_packing()->add_layers()->set_alpha(8);
  EXPECT_EQ(PlanRounds(recipe)[0].gamma, 7);
  recipe.mutable_packing()->set_final_gamma(1);
  EXPECT_EQ(PlanRounds(recipe)[0].gamma, 1);
}

TEST(PlanRounds, GrowsAlphaWhenGradual) {
  const auto alphas = [](int alpha, int rounds) {
    v1::Recipe recipe = ResolvedRecipe(alpha);
    recipe.mutable_packing()->set_gradual_alpha(true);
    recipe.mutable_training()->set_rounds(rounds);
    LayerPlan plan;
    plan.alpha = alpha;
    std::vector<int> values;
    for (const Round& round : PlanRounds(recipe)) values.push_back(AlphaOf(plan, round));
    return values;
  };
  EXPECT_THAT(alphas(8, 3), ElementsAre(2, 4, 8));
  EXPECT_THAT(alphas(4, 2), ElementsAre(2, 4));
  EXPECT_THAT(alphas(4, 3), ElementsAre(2, 3, 4));
  EXPECT_THAT(alphas(1, 2), ElementsAre(1, 1));
  EXPECT_THAT(alphas(8, 1), ElementsAre(8));
}

TEST(TrainerOptionsOf, MirrorsPhotographsOnly) {
  v1::TrainingSettings settings = ResolvedRecipe().training();
  EXPECT_TRUE(TrainerOptionsOf(settings, 3).augmentation.mirror);
  EXPECT_FALSE(TrainerOptionsOf(settings, 1).augmentation.mirror);
  EXPECT_TRUE(TrainerOptionsOf(settings, 1).augmentation.translate);
  settings.set_augmentation(v1::TrainingSettings::NONE);
  EXPECT_EQ(TrainerOptionsOf(settings, 3).augmentation, training::Augmentation());
}

TEST(TrainerOptionsOf, ModeDecidesAboutTheTeacher) {
  v1::TrainingSettings settings = ResolvedRecipe().training();
  EXPECT_EQ(TrainerOptionsOf(settings, 3).distillation, 0.9);
  settings.set_mode(v1::TrainingSettings::LABELS);
  EXPECT_EQ(TrainerOptionsOf(settings, 3).distillation, 0);
  settings.set_mode(v1::TrainingSettings::TEACHER);
  EXPECT_EQ(TrainerOptionsOf(settings, 3).distillation, 1);
}

}  // namespace
}  // namespace colonnade::pipeline
