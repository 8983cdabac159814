// SPDX-License-Identifier: Apache-2.0
#include "colonnade/recipe.h"

#include <gmock/gmock.h>

namespace colonnade::client {
namespace {

using testing::HasSubstr;

std::string JsonOf(std::string_view yaml) {
  const auto recipe = RecipeFromYaml(yaml);
  return recipe.ok() ? recipe->ToJson() : recipe.status().message();
}

Status Refusal(std::string_view yaml) { return RecipeFromYaml(yaml).status(); }

TEST(Recipe, ReadsNumbersWordsListsAndSections) {
  EXPECT_EQ(JsonOf("packing: {alpha: 4, gamma: 1.5, grouping: dense_first, compensate: true}\n"
                   "training: {mode: labels_and_teacher, seed: 5000000000}\n"),
            R"({"packing":{"alpha":4,"gamma":1.5,"grouping":"dense_first","compensate":true},)"
            R"("training":{"mode":"labels_and_teacher","seed":5000000000}})");
  EXPECT_EQ(JsonOf("packing: {layers: [{pattern: conv*, alpha: 2}, {pattern: fc, exclude: true}]}"),
            R"({"packing":{"layers":[{"pattern":"conv*","alpha":2},{"pattern":"fc","exclude":true}]}})");
}

TEST(Recipe, ReadsEveryCalibration) {
  for (const std::string word : {"mean_squared_error", "maximum", "percentile"}) {
    EXPECT_EQ(JsonOf("quantization: {calibration: " + word + ", percentile: 99.5, bias_correction: true}"),
              R"({"quantization":{"calibration":")" + word + R"(","percentile":99.5,"bias_correction":true}})");
  }
}

TEST(Recipe, NothingMeansEveryDefault) {
  EXPECT_EQ(JsonOf(""), "{}");
  EXPECT_EQ(JsonOf("# only a comment"), "{}");
  EXPECT_EQ(JsonOf("privacy:\n"), "{}");
}

TEST(Recipe, ReadsItsOwnJson) {
  const std::string json = JsonOf("privacy: {epsilon: 3.5}\nquantization: {input_type: uint8, images: 64}");
  EXPECT_EQ(JsonOf(json), json);
}

TEST(Recipe, ZeroAndFalseAreKept) {
  EXPECT_EQ(JsonOf("packing: {alpha: 0, gamma: 0}"), R"({"packing":{"alpha":0,"gamma":0.0}})");
}

TEST(Recipe, UnknownKeysNameTheNearest) {
  const Status status = Refusal("packing: {alhpa: 4}");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.field(), "recipe.packing.alhpa");
  EXPECT_THAT(status.message(), HasSubstr("nearest is alpha"));
  EXPECT_THAT(Refusal("alpha: 4").message(), HasSubstr("nearest is packing.alpha"));
  EXPECT_THAT(Refusal("trainnig: {}").message(), HasSubstr("nearest is training"));
}

TEST(Recipe, WrongTypesNameTheKey) {
  EXPECT_EQ(Refusal("packing: {alpha: four}").field(), "recipe.packing.alpha");
  EXPECT_THAT(Refusal("packing: {alpha: 4.5}").message(), HasSubstr("a whole number, not '4.5'"));
  EXPECT_THAT(Refusal("packing: {alpha: '4'}").message(), HasSubstr("a whole number"));
  EXPECT_THAT(Refusal("packing: {gamma: [1]}").message(), HasSubstr("a number, not a list"));
  EXPECT_THAT(Refusal("packing: {compensate: 2}").message(), HasSubstr("true or false"));
  EXPECT_THAT(Refusal("packing: 4").message(), HasSubstr("a section"));
  EXPECT_THAT(Refusal("packing: {layers: {}}").message(), HasSubstr("a list"));
  EXPECT_THAT(Refusal("training: {final_epochs: 10000000000}").message(), HasSubstr("within 32 bits"));
}

TEST(Recipe, WrongWordsListTheChoices) {
  const Status status = Refusal("training: {mode: teachers}");
  EXPECT_EQ(status.field(), "recipe.training.mode");
  EXPECT_THAT(status.message(), HasSubstr("labels_and_teacher, labels, teacher, data_free"));
  EXPECT_FALSE(Refusal("training: {mode: mode_unspecified}").ok());
}

TEST(Recipe, KeysAreGivenOnce) {
  EXPECT_THAT(Refusal("packing: {alpha: 4, alpha: 8}").message(), HasSubstr("twice"));
  EXPECT_THAT(Refusal("packing: {max_tiles: 4, max_cycles: 8}").message(), HasSubstr("together with max_tiles"));
}

TEST(Recipe, WhatIsNoYamlIsRefused) { EXPECT_EQ(Refusal("packing: {alpha: 4").field(), "recipe"); }

TEST(Recipe, FlagsGoOnTop) {
  Recipe recipe = *RecipeFromYaml("packing: {alpha: 4}\ntraining: {rounds: 2}");
  recipe.SetAlpha(8);
  recipe.SetGamma(0.5);
  EXPECT_EQ(recipe.ToJson(), R"({"packing":{"alpha":8,"gamma":0.5},"training":{"rounds":2}})");
}

}  // namespace
}  // namespace colonnade::client
