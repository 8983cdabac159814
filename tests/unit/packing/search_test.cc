// SPDX-License-Identifier: Apache-2.0
#include "server/packing/group_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/packing_items.h"
#include "tests/unit/packing/grouping_properties.h"

namespace colonnade::packing {
namespace {

using nn::FeedRule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SearchResult Search(const PackingProblem& problem, const SearchOptions& options = {}) {
  auto result = GroupBySearch(problem, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

// Calls `check` with problems of many shapes, densities, alphas and feed rules, every
// other one with a saliency of its own.
void ForRandomProblems(int count, const std::function<void(const PackingProblem&, uint64_t)>& check) {
  for (uint64_t seed = 0; seed < uint64_t(count); ++seed) {
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const std::vector<float> saliency = RandomSaliency(matrix, seed);
    for (const FeedRule rule : kFeedRules) {
      SCOPED_TRACE(std::to_string(seed) + " " + std::string(nn::ToString(rule)));
      PackingProblem problem{matrix, int(seed % 11) + 1, double(seed % 11), rule};
      if (seed % 2 == 1) problem.saliency = saliency;
      ASSERT_TRUE(problem.Check().ok()) << problem.Check();
      check(problem, seed);
    }
  }
}

TEST(GroupBySearch, EveryGroupingIsSound) {
  ForRandomProblems(300, [](const PackingProblem& problem, uint64_t seed) {
    ExpectSound(problem, Search(problem, {.seed = seed, .rounds = 20}).grouping);
  });
}

TEST(GroupBySearch, KeepsAtMostTheBoundAndAtLeastWhatOthersKeep) {
  ForRandomProblems(300, [](const PackingProblem& problem, uint64_t seed) {
    const SearchResult result = Search(problem, {.seed = seed, .rounds = 20});
    EXPECT_DOUBLE_EQ(result.kept, KeptSaliency(problem, result.grouping));
    EXPECT_LE(result.kept, SaliencyBound(problem) * (1 + 1e-12));
    EXPECT_GE(result.kept, KeptSaliency(problem, GroupInFileOrder(problem)));
    EXPECT_GE(result.kept, KeptSaliency(problem, GroupDenseFirst(problem)));
    EXPECT_EQ(result.bound, SaliencyBound(problem));
    EXPECT_EQ(result.file_order, KeptSaliency(problem, GroupInFileOrder(problem)));
  });
}

TEST(GroupBySearch, GroupsAreAsFewAsPossible) {
  ForRandomProblems(200, [](const PackingProblem& problem, uint64_t seed) {
    if (problem.feed_rule == FeedRule::kChannelBlock) return;
    const Grouping grouping = Search(problem, {.seed = seed, .rounds = 5}).grouping;
    EXPECT_EQ(grouping.groups.size(), FewestGroups(problem));
  });
}

// 2^18 rows: parts of 16 columns at most, so 15 at alpha 3.
TEST(GroupBySearch, PartsOfALargeClassNeedNoMoreGroups) {
  nn::FilterMatrix matrix{1 << 18, 40, std::vector<float>(size_t{40} << 18, 1.0f), {}};
  for (int column = 0; column < matrix.columns; ++column) matrix.column_sites.push_back({column, 0, 0});
  const PackingProblem problem{matrix, 3, 2};
  std::vector<int> sizes(3);
  for (const Item& item : MakeItems(problem).all) ++sizes.at(size_t(item.part));
  EXPECT_THAT(sizes, ElementsAre(15, 15, 10));
  const SearchResult result = Search(problem, {.work = 0});
  ExpectSound(problem, result.grouping);
  EXPECT_EQ(result.grouping.groups.size(), 14u);
  EXPECT_EQ(GroupDenseFirst(problem).groups.size(), 14u);
}

TEST(GroupBySearch, ChannelBlocksAreAsFewAsPossible) {
  // Nothing is zero, so each block has a group at each of the nine taps.
  for (int channels = 1; channels <= 20; ++channels) {
    nn::FilterMatrix matrix{3, channels * 9, std::vector<float>(size_t(channels) * 27, 1.0f), {}};
    for (int column = 0; column < matrix.columns; ++column) {
      matrix.column_sites.push_back({column / 9, column % 9 / 3, column % 3});
    }
    const SearchResult result = Search({matrix, 4, 3, FeedRule::kChannelBlock});
    EXPECT_EQ(result.grouping.groups.size(), size_t((channels + 3) / 4 * 9));
  }
}

TEST(GroupBySearch, TheSameSeedGivesTheSameGrouping) {
  ForRandomProblems(60, [](const PackingProblem& problem, uint64_t seed) {
    EXPECT_EQ(Search(problem, {.seed = seed}).grouping, Search(problem, {.seed = seed}).grouping);
  });
}

TEST(GroupBySearch, LessWorkStillGivesSoundGroups) {
  ForRandomProblems(60, [](const PackingProblem& problem, uint64_t) {
    for (const int64_t work : {0, 1000, 100000}) {
      const SearchResult result = Search(problem, {.work = work});
      ExpectSound(problem, result.grouping);
      EXPECT_GE(result.kept, KeptSaliency(problem, GroupDenseFirst(problem)));
    }
  });
}

// All partitions of 0 .. n-1 into ceil(n / alpha) blocks of at most alpha.
void ForEachPartition(int n, int alpha, const std::function<void(const std::vector<std::vector<int>>&)>& visit) {
  std::vector<std::vector<int>> blocks;
  const size_t most = size_t((n + alpha - 1) / alpha);
  const std::function<void(int)> place = [&](int item) {
    if (item == n) return blocks.size() == most ? visit(blocks) : void();
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (int(blocks[i].size()) == alpha) continue;
      blocks[i].push_back(item);
      place(item + 1);
      blocks[i].pop_back();
    }
    if (blocks.size() == most) return;
    blocks.push_back({item});
    place(item + 1);
    blocks.pop_back();
  };
  place(0);
}

// Channels at `taps` taps, nothing zero.
nn::FilterMatrix TinyMatrix(int rows, int channels, int taps, std::mt19937_64& random) {
  nn::FilterMatrix matrix{rows, channels * taps, {}, {}};
  for (int i = 0; i < rows * matrix.columns; ++i) matrix.values.push_back(float(1 + random() % 100));
  for (int column = 0; column < matrix.columns; ++column) {
    matrix.column_sites.push_back({column / taps, 0, column % taps});
  }
  return matrix;
}

double Optimum(const PackingProblem& problem, int channels, int taps) {
  double best = 0;
  ForEachPartition(channels, problem.alpha, [&](const std::vector<std::vector<int>>& blocks) {
    Grouping grouping;
    for (const std::vector<int>& block : blocks) {
      for (int tap = 0; tap < taps; ++tap) {
        std::vector<int>& group = grouping.groups.emplace_back();
        for (const int channel : block) group.push_back(channel * taps + tap);
      }
    }
    EXPECT_TRUE(problem.Verify(grouping).ok());
    best = std::max(best, KeptSaliency(problem, grouping));
  });
  return best;
}

TEST(GroupBySearch, ReachesTheOptimumOfNearlyAllTinyMatrices) {
  std::mt19937_64 random(5);
  int reached = 0, all = 0;
  for (const int taps : {1, 3}) {
    for (int i = 0; i < 300; ++i) {
      const int channels = 4 + int(random() % 4), alpha = 2 + int(random() % 3);
      const nn::FilterMatrix matrix = TinyMatrix(1 + int(random() % 8), channels, taps, random);
      const PackingProblem problem{matrix, alpha, double(alpha - 1), FeedRule::kChannelBlock};
      const double optimum = Optimum(problem, channels, taps), kept = Search(problem).kept;
      EXPECT_LE(kept, optimum * (1 + 1e-12));
      EXPECT_LE(optimum, SaliencyBound(problem) * (1 + 1e-12));
      reached += kept >= optimum * (1 - 1e-12);
      ++all;
    }
  }
  EXPECT_GE(reached, all * 95 / 100);
  RecordProperty("reached", reached);
}

TEST(GroupBySearch, ColumnsThatNeverConflictMeet) {
  const nn::FilterMatrix matrix = Matrix({{1, 2, 0, 0, 3, 0}, {0, 0, 1, 2, 0, 3}});
  const SearchResult result = Search({matrix, 2, 1, FeedRule::kAny});
  EXPECT_EQ(result.kept, 28);
  EXPECT_EQ(result.kept, result.bound);
  EXPECT_EQ(result.share_of_gain(), 1);
}

TEST(GroupBySearch, SaliencyDecidesNotMagnitude) {
  const nn::FilterMatrix matrix = Matrix({{9, 9, 1, 1}, {9, 9, 1, 1}});
  const std::vector<float> saliency = {5, 0, 5, 0, 0, 5, 0, 5};
  const SearchResult result = Search({matrix, 2, 1, FeedRule::kAny, saliency});
  EXPECT_EQ(result.kept, 20);
  for (const std::vector<int>& group : result.grouping.groups) EXPECT_NE(group[0] % 2, group[1] % 2);
}

TEST(GroupBySearch, UnitsOfSaliencyDoNotMatter) {
  std::mt19937_64 random(3);
  const nn::FilterMatrix matrix = TinyMatrix(20, 24, 1, random);
  nn::FilterMatrix large = matrix, small = matrix;
  for (float& value : large.values) value = std::ldexp(value, 100);
  for (float& value : small.values) value = std::ldexp(value, -100);
  const PackingProblem problem{matrix, 4, 3, FeedRule::kAny};
  const Grouping grouping = Search(problem).grouping;
  EXPECT_EQ(grouping.groups.size(), 6u);
  EXPECT_EQ(Search({large, 4, 3, FeedRule::kAny}).grouping, grouping);
  EXPECT_EQ(Search({small, 4, 3, FeedRule::kAny}).grouping, grouping);
}

TEST(GroupBySearch, SmallAndEmptyMatrices) {
  const SearchResult empty = Search({Matrix({{0, 0}, {0, 0}}), 8, 7, FeedRule::kChannelBlock});
  EXPECT_TRUE(empty.grouping.groups.empty());
  EXPECT_EQ(empty.share_of_gain(), 1);
  EXPECT_THAT(Search({Matrix({{5}}), 8, 7, FeedRule::kSameTap}).grouping.groups, ElementsAre(ElementsAre(0)));
  EXPECT_THAT(Search({Matrix({{0, 3, 0, 1}}), 1000000000, 1e9, FeedRule::kAny}).grouping.groups,
              ElementsAre(ElementsAre(1, 3)));
  EXPECT_THAT(Search({Matrix({{1}, {0}, {2}}), 3, 2, FeedRule::kAny}).grouping.groups, ElementsAre(ElementsAre(0)));
  EXPECT_EQ(Search({Matrix({{1, 1, 1}}), 1, 0, FeedRule::kAny}).grouping.groups.size(), 3u);
}

TEST(GroupBySearch, DepthwiseLayersLoseNothing) {
  nn::FilterMatrix matrix{16, 16 * 9, std::vector<float>(size_t{16} * 16 * 9), {}};
  for (int column = 0; column < matrix.columns; ++column) {
    matrix.column_sites.push_back({column / 9, column % 9 / 3, column % 3});
    matrix.at(column / 9, column) = float(column + 1);
  }
  for (const FeedRule rule : {FeedRule::kSameTap, FeedRule::kChannelBlock}) {
    const PackingProblem problem{matrix, 8, 7, rule};
    const SearchResult result = Search(problem);
    EXPECT_EQ(result.grouping.groups.size(), 18u);
    EXPECT_EQ(result.kept, TotalSaliency(problem));
  }
}

TEST(GroupBySearch, AColumnWithoutSaliencyIsGroupedAllTheSame) {
  const nn::FilterMatrix matrix = Matrix({{1, 2, 3}, {4, 5, 6}});
  const std::vector<float> nothing(6, 0.0f);
  const SearchResult result = Search({matrix, 2, 1, FeedRule::kAny, nothing});
  EXPECT_EQ(result.grouping.groups.size(), 2u);
  EXPECT_EQ(result.kept, 0);
}

TEST(GroupBySearch, RefusesALimitOnConflicts) {
  const auto result = GroupBySearch({Matrix({{1, 2}}), 4, 2.5, FeedRule::kAny});
  EXPECT_EQ(FieldOf(result.status()), "gamma");
  EXPECT_THAT(std::string(Message(result.status())), HasSubstr("at least alpha - 1 = 3"));
}

}  // namespace
}  // namespace colonnade::packing
