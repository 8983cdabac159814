// SPDX-License-Identifier: Apache-2.0
#include "client/cli/classify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace colonnade::cli {
namespace {

TEST(Classify, ScoreIsSoftmaxOfLogits) {
  const std::vector<float> logits = {1, 3, 2};
  const double sum = std::exp(1.0) + std::exp(3.0) + std::exp(2.0);
  EXPECT_NEAR(Score(logits, 1), std::exp(3.0) / sum, 1e-12);
}

TEST(Classify, LargeLogitsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(Score(std::vector<float>{1e30f, 0}, 0), 1);
  EXPECT_DOUBLE_EQ(Score(std::vector<float>{2e4f, 2e4f}, 0), 0.5);
}

TEST(Classify, ProbabilitiesAreTakenAsTheyAre) { EXPECT_FLOAT_EQ(Score(std::vector<float>{0.25f, 0.75f}, 1), 0.75); }

TEST(Classify, FirstOfEqualLogitsIsBest) {
  const Answer answer = Classify(5, 1, std::vector<float>{2, 4, 4});
  EXPECT_EQ(answer.index, 5);
  EXPECT_EQ(answer.best, 1);
  EXPECT_EQ(answer.label, 1u);
}

TEST(Classify, AccuracyCountsLabelledImages) {
  Answers answers;
  answers.images = {Classify(0, 0, std::vector<float>{9, 1}), Classify(1, 0, std::vector<float>{1, 9}),
                    Classify(2, client::kNoLabel, std::vector<float>{1, 9})};
  EXPECT_EQ(Accuracy(answers), 0.5);
  EXPECT_EQ(Accuracy({}), std::nullopt);
}

TEST(Classify, JsonHasTheDocumentedShape) {
  Answers answers{.artifact = "a", .executor = "kernels", .version = 2, .array_cycles = 300};
  answers.images = {Classify(0, 1, std::vector<float>{2, 2})};
  EXPECT_EQ(ToJson(answers).dump(), R"({"name":"a","version":2,"executor":"kernels","array_cycles":300,"accuracy":0.0,)"
                                    R"("images":[{"index":0,"class":0,"score":0.5,"label":1,"logits":[2.0,2.0]}]})");
}

TEST(Classify, WithoutLabelsThereIsNoAccuracy) {
  Answers answers;
  answers.images = {Classify(0, client::kNoLabel, std::vector<float>{1, 2})};
  const Json json = ToJson(answers);
  EXPECT_FALSE(json.contains("accuracy"));
  EXPECT_TRUE(json["images"][0]["label"].is_null());
}

}  // namespace
}  // namespace colonnade::cli
