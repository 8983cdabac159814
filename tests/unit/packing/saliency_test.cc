// SPDX-License-Identifier: Apache-2.0
#include "server/packing/saliency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "tests/unit/packing/grouping_properties.h"

namespace colonnade::packing {
namespace {

using nn::FeedRule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Saliency, WithoutOneItIsTheSquaredWeight) {
  const nn::FilterMatrix matrix = Matrix({{3, -4, 0}, {1, 1, 2}});
  const PackingProblem problem{matrix, 2, 1, FeedRule::kAny};
  EXPECT_EQ(TotalSaliency(problem), 9 + 16 + 1 + 1 + 4);
  EXPECT_EQ(KeptSaliency(problem, {{{0, 1}, {2}}}), 16 + 1 + 4);
  EXPECT_EQ(KeptSaliency(problem, {{{0, 2}, {1}}}), 9 + 4 + 16 + 1);
}

TEST(Saliency, AZeroWeightHasNone) {
  const nn::FilterMatrix matrix = Matrix({{0, 2}});
  const std::vector<float> saliency = {100, 1};
  const PackingProblem problem{matrix, 2, 1, FeedRule::kAny, saliency};
  EXPECT_EQ(TotalSaliency(problem), 1);
  EXPECT_EQ(KeptSaliency(problem, {{{0, 1}}}), 1);
}

TEST(Saliency, TheBoundIsTheLargestOfEachRowThatGroupsCouldKeep) {
  const nn::FilterMatrix matrix = Matrix({{3, 4, 1}, {1, 1, 2}});
  EXPECT_EQ(SaliencyBound({matrix, 3, 2, FeedRule::kAny}), 16 + 4);
  EXPECT_EQ(SaliencyBound({matrix, 2, 1, FeedRule::kAny}), 16 + 9 + 4 + 1);
  EXPECT_EQ(SaliencyBound({matrix, 1, 0, FeedRule::kAny}), 9 + 16 + 1 + 1 + 1 + 4);
}

TEST(Saliency, DeadColumnsNeedNoGroupAndRaiseNoBound) {
  const nn::FilterMatrix matrix = Matrix({{3, 0, 4}});
  EXPECT_EQ(SaliencyBound({matrix, 2, 1, FeedRule::kAny}), 16);
}

TEST(Saliency, TheBoundCountsMixingClassesForThemselves) {
  nn::FilterMatrix matrix = Matrix({{5, 4, 3, 2}});
  matrix.column_sites = {{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}};
  EXPECT_EQ(SaliencyBound({matrix, 2, 1, FeedRule::kAny}), 25 + 16);
  EXPECT_EQ(SaliencyBound({matrix, 4, 3, FeedRule::kSameTap}), 25 + 16);
  EXPECT_EQ(SaliencyBound({matrix, 4, 3, FeedRule::kAny}), 25);
  EXPECT_EQ(SaliencyBound({matrix, 4, 3, FeedRule::kChannelBlock}), 25 + 16);
}

TEST(Saliency, FileOrderFillsGroupsAsColumnsCome) {
  const nn::FilterMatrix matrix = Matrix({{1, 0, 1, 1, 1, 1}});
  EXPECT_THAT(GroupInFileOrder({matrix, 2, 1, FeedRule::kAny}).groups,
              ElementsAre(ElementsAre(0, 2), ElementsAre(3, 4), ElementsAre(5)));
}

TEST(Saliency, FileOrderIsSoundUnderEveryFeedRule) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    for (const FeedRule rule : kFeedRules) {
      const PackingProblem problem{matrix, int(seed % 9) + 1, double(seed % 9), rule};
      const Grouping grouping = GroupInFileOrder(problem);
      ExpectSound(problem, grouping);
      EXPECT_LE(KeptSaliency(problem, grouping), SaliencyBound(problem) * (1 + 1e-12));
    }
  }
}

TEST(Saliency, ShareOfGainRunsFromFileOrderToBound) {
  EXPECT_EQ(ShareOfGain(10, 10, 20), 0);
  EXPECT_EQ(ShareOfGain(15, 10, 20), 0.5);
  EXPECT_EQ(ShareOfGain(10, 10, 10), 1);
}

TEST(Saliency, DenseFirstBreaksItsTiesByIt) {
  const nn::FilterMatrix matrix = Matrix({{1, 1, 1, 1}, {1, 1, 1, 1}});
  const std::vector<float> saliency = {9, 0, 8, 1, 0, 9, 1, 8};
  EXPECT_THAT(GroupDenseFirst({matrix, 2, 1, FeedRule::kAny, saliency}).groups,
              ElementsAre(ElementsAre(0, 3), ElementsAre(1, 2)));
}

TEST(Saliency, CheckNamesWhatIsWrong) {
  const nn::FilterMatrix matrix = Matrix({{1, 2}, {3, 4}});
  std::vector<float> saliency = {1, 2, 3};
  const auto check = [&] { return PackingProblem{matrix, 1, 0, FeedRule::kAny, saliency}.Check(); };
  EXPECT_EQ(FieldOf(check()), "saliency");
  saliency = {0, 0, 0, 0};
  EXPECT_TRUE(check().ok()) << check();
  for (const float bad : {-1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    saliency[2] = bad;
    EXPECT_EQ(FieldOf(check()), "saliency");
    EXPECT_THAT(std::string(Message(check())), HasSubstr("row 1, column 0"));
  }
}

TEST(PruneConflicts, WithSaliencyTheMostSalientWeightStays) {
  nn::FilterMatrix matrix = Matrix({{9, 1, 5}, {9, 1, 5}});
  EXPECT_EQ(PruneConflicts({{{0, 1, 2}}}, matrix, std::vector<float>{1, 3, 2, 1, 2, 2}), 4);
  EXPECT_THAT(matrix.values, ElementsAre(0, 1, 0, 0, 1, 0));
}

TEST(PruneConflicts, AZeroNeverStaysInsteadOfAWeight) {
  nn::FilterMatrix matrix = Matrix({{0, 2, 3}});
  EXPECT_EQ(PruneConflicts({{{0, 1, 2}}}, matrix, std::vector<float>{9, 0, 0}), 1);
  EXPECT_THAT(matrix.values, ElementsAre(0, 2, 0));
}

}  // namespace
}  // namespace colonnade::packing
