// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <map>
#include <set>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/prune_conflicts.h"
#include "tests/unit/packing/matrices.h"

namespace colonnade::packing {
namespace {

using nn::FeedRule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr FeedRule kRules[] = {FeedRule::kAny, FeedRule::kSameRow, FeedRule::kSameTap,
                               FeedRule::kChannelBlock};

bool IsZero(const nn::FilterMatrix& matrix, int column) {
  for (int row = 0; row < matrix.rows; ++row) {
    if (matrix.at(row, column) != 0) return false;
  }
  return true;
}

TEST(GroupDenseFirst, EveryGroupingIsVerified) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    for (const FeedRule rule : kRules) {
      const int alpha = int(seed % 17) + 1;
      const double gamma = double(seed % 9) / 4;
      const PackingProblem problem{matrix, alpha, gamma, rule};
      ASSERT_TRUE(problem.Check().ok()) << problem.Check();
      const Grouping grouping = GroupDenseFirst(problem);
      ASSERT_TRUE(problem.Verify(grouping).ok()) << nn::ToString(rule) << ": " << problem.Verify(grouping);
      for (const std::vector<int>& group : grouping.groups) {
        for (const int column : group) EXPECT_FALSE(IsZero(matrix, column)) << "column " << column;
      }
      EXPECT_EQ(GroupDenseFirst(problem), grouping);
    }
  }
}

TEST(GroupDenseFirst, UnlimitedConflictsGiveTheLeastNumberOfGroups) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const int alpha = int(seed % 7) + 1;
    std::map<std::pair<int, int>, int> columns_at, groups_at;  // by tap
    for (int column = 0; column < matrix.columns; ++column) {
      const nn::Column& site = matrix.column_sites[column];
      columns_at[{site.dy, site.dx}] += !IsZero(matrix, column);
    }
    for (const std::vector<int>& group :
         GroupDenseFirst({matrix, alpha, alpha - 1.0, FeedRule::kSameTap}).groups) {
      const nn::Column& site = matrix.column_sites[group[0]];
      ++groups_at[{site.dy, site.dx}];
    }
    for (const auto& [tap, columns] : columns_at) {
      EXPECT_EQ(groups_at[tap], (columns + alpha - 1) / alpha) << "seed " << seed;
    }
  }
}

TEST(GroupDenseFirst, OfEquallyDenseGroupsTheOneThatLosesLeastGrows) {
  // Columns 0 and 1 are strongest and open the groups. Joining column 2 to column 0
  // loses 4 + 9 + 9 of the squares, joining it to column 1 loses 1 + 49 + 9.
  const nn::FilterMatrix matrix = Matrix({{9, 1, 2, 1},  //
                                          {3, 8, 7, 1},
                                          {3, 3, 3, 1}});
  EXPECT_THAT(GroupDenseFirst({matrix, 2, 1.0, FeedRule::kAny}).groups,
              ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
}

TEST(GroupDenseFirst, DenseColumnsComeFirstAndSparseOnesFillUp) {
  // Columns 2 and 3 are densest and conflict in row 1; column 0 fits only column 3,
  // column 1 could join either and makes column 2's group denser than a new one.
  const nn::FilterMatrix matrix = Matrix({{1, 0, 0, 0},  //
                                          {0, 0, 1, 1},
                                          {0, 0, 1, 1},
                                          {1, 0, 1, 0},
                                          {0, 1, 0, 0}});
  EXPECT_THAT(GroupDenseFirst({matrix, 2, 0.0, FeedRule::kAny}).groups,
              ElementsAre(ElementsAre(0, 3), ElementsAre(1, 2)));
}

TEST(GroupDenseFirst, GammaBoundsConflictsPerGroup) {
  const nn::FilterMatrix matrix = Matrix({{1, 1, 1}, {1, 1, 1}});
  EXPECT_EQ(GroupDenseFirst({matrix, 8, 0.0, FeedRule::kAny}).groups.size(), 3u);
  EXPECT_EQ(GroupDenseFirst({matrix, 8, 0.99, FeedRule::kAny}).groups.size(), 3u);
  EXPECT_EQ(GroupDenseFirst({matrix, 8, 1.0, FeedRule::kAny}).groups.size(), 2u);
  EXPECT_EQ(GroupDenseFirst({matrix, 8, 2.0, FeedRule::kAny}).groups.size(), 1u);
}

TEST(GroupDenseFirst, SmallAndEmptyMatrices) {
  EXPECT_TRUE(GroupDenseFirst({Matrix({{0, 0}, {0, 0}}), 8, 1.0, FeedRule::kChannelBlock}).groups.empty());
  EXPECT_THAT(GroupDenseFirst({Matrix({{5}}), 8, 0.0, FeedRule::kSameTap}).groups,
              ElementsAre(ElementsAre(0)));
  EXPECT_THAT(GroupDenseFirst({Matrix({{0, 3, 0, 1}}), 8, 7.0, FeedRule::kSameTap}).groups,
              ElementsAre(ElementsAre(1, 3)));
  EXPECT_THAT(GroupDenseFirst({Matrix({{1, 1, 1}}), 1, 9.0, FeedRule::kAny}).groups.size(), 3u);
}

TEST(GroupDenseFirst, DepthwiseLayersPackWithoutConflicts) {
  nn::FilterMatrix matrix{16, 16 * 9, std::vector<float>(size_t{16} * 16 * 9), {}};
  for (int column = 0; column < matrix.columns; ++column) {
    matrix.column_sites.push_back({column / 9, column % 9 / 3, column % 3});
    matrix.at(column / 9, column) = 1;
  }
  for (const FeedRule rule : {FeedRule::kSameTap, FeedRule::kChannelBlock}) {
    const Grouping grouping = GroupDenseFirst({matrix, 8, 0.0, rule});
    EXPECT_EQ(grouping.groups.size(), 18u) << nn::ToString(rule);
    EXPECT_EQ(PruneConflicts(grouping, matrix), 0);
  }
}

TEST(GroupDenseFirst, ChannelBlocksAreTheSameAtEveryTap) {
  const nn::FilterMatrix matrix = RandomMatrix(11);
  const PackingProblem problem{matrix, 3, 1.5, FeedRule::kChannelBlock};
  std::set<std::pair<int, int>> together, apart;
  const Grouping grouping = GroupDenseFirst(problem);
  for (const std::vector<int>& a : grouping.groups) {
    for (const std::vector<int>& b : grouping.groups) {
      const nn::Column& site_a = matrix.column_sites[a[0]];
      const nn::Column& site_b = matrix.column_sites[b[0]];
      if (site_a.dy != site_b.dy || site_a.dx != site_b.dx) continue;
      for (const int i : a) {
        for (const int j : b) {
          (&a == &b ? together : apart)
              .insert({matrix.column_sites[i].channel, matrix.column_sites[j].channel});
        }
      }
    }
  }
  ASSERT_GT(matrix.columns, 9);
  for (const auto& pair : together) EXPECT_FALSE(apart.contains(pair));
}

TEST(GroupDenseFirst, LargeLayersTakeSeconds) {
  nn::FilterMatrix matrix{512, 512 * 9, std::vector<float>(size_t{512} * 512 * 9), {}};
  std::mt19937 random(3);
  for (float& value : matrix.values) value = random() % 6 == 0 ? 1.0f : 0.0f;
  for (int column = 0; column < matrix.columns; ++column) {
    matrix.column_sites.push_back({column / 9, column % 9 / 3, column % 3});
  }
  const auto start = std::chrono::steady_clock::now();
  const PackingProblem problem{matrix, 8, 0.5, FeedRule::kAny};
  const Grouping grouping = GroupDenseFirst(problem);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_TRUE(problem.Verify(grouping).ok());
}

class Damage : public testing::Test {
 protected:
  std::string ErrorOf(const Grouping& grouping, FeedRule rule = FeedRule::kSameTap, int alpha = 2,
                      double gamma = 0) {
    const absl::Status status = PackingProblem{matrix_, alpha, gamma, rule}.Verify(grouping);
    return std::string(Message(status));
  }

  // Channels 0, 1, 2 at taps (0, 0) and (0, 1); column = channel * 2 + tap.
  nn::FilterMatrix matrix_{2,
                           6,
                           {1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1},
                           {{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}, {2, 0, 0}, {2, 0, 1}}};
};

TEST_F(Damage, VerifyNamesTheGroupAndTheBound) {
  const Grouping good{{{0, 2}, {1, 3}, {4}, {5}}};
  EXPECT_EQ(ErrorOf(good), "");
  EXPECT_EQ(ErrorOf(good, FeedRule::kChannelBlock), "");
  EXPECT_THAT(ErrorOf({{{0, 2}, {1, 3}, {4}}}), HasSubstr("column 5 has nonzero weights and is in no group"));
  EXPECT_THAT(ErrorOf({{{0, 2}, {1, 3}, {4}, {5, 3}}}, FeedRule::kSameTap, 2, 1.0),
              HasSubstr("group 3: column 3 is in group 1 already"));
  EXPECT_THAT(ErrorOf({{{0, 2}, {1, 3}, {4}, {5}, {}}}),
              HasSubstr("group 4: 0 columns; must be 1 to alpha = 2"));
  EXPECT_THAT(ErrorOf(good, FeedRule::kSameTap, 1), HasSubstr("group 0: 2 columns; must be 1 to alpha = 1"));
  EXPECT_THAT(ErrorOf({{{0, 6}}}), HasSubstr("column 6 does not exist; 0 to 5"));
  EXPECT_THAT(ErrorOf({{{-1}}}), HasSubstr("column -1"));
  EXPECT_THAT(ErrorOf({{{0, 3}, {1}, {2}, {4}, {5}}}), HasSubstr("columns 0 and 3 may not share"));
  EXPECT_EQ(ErrorOf({{{0, 3}, {1}, {2}, {4}, {5}}}, FeedRule::kSameRow), "");
  EXPECT_THAT(ErrorOf({{{0, 4}, {1}, {2}, {3}, {5}}}),
              HasSubstr("group 0: 1 conflicts in 2 rows; at most gamma = 0"));
  EXPECT_EQ(ErrorOf({{{0, 4}, {1}, {2}, {3}, {5}}}, FeedRule::kSameTap, 2, 0.5), "");
}

TEST_F(Damage, ChannelBlockNeedsOnePartition) {
  EXPECT_THAT(ErrorOf({{{0, 2}, {1}, {3}, {4}, {5}}}, FeedRule::kChannelBlock), HasSubstr("split channels"));
  EXPECT_THAT(ErrorOf({{{0, 2}, {1, 5}, {4}, {3}}}, FeedRule::kChannelBlock), HasSubstr("split channels"));
  EXPECT_EQ(ErrorOf({{{0}, {1}, {2}, {3}, {4}, {5}}}, FeedRule::kChannelBlock), "");
  // Joined at different taps, three channels are one block.
  std::fill(matrix_.values.begin(), matrix_.values.end(), 0.0f);
  EXPECT_THAT(ErrorOf({{{0, 2}, {3, 5}}}, FeedRule::kChannelBlock),
              HasSubstr("join 3 channels over all taps; at most alpha = 2"));
}

TEST(PackingProblem, CheckNamesTheField) {
  const nn::FilterMatrix matrix = Matrix({{1, 2}});
  const auto field = [](const PackingProblem& problem) { return FieldOf(problem.Check()); };
  EXPECT_EQ(field({matrix, 0, 0, FeedRule::kAny}), "alpha");
  EXPECT_EQ(field({matrix, 1, -0.5, FeedRule::kAny}), "gamma");
  EXPECT_EQ(field({matrix, 1, std::numeric_limits<double>::quiet_NaN(), FeedRule::kAny}), "gamma");
  EXPECT_EQ(field({matrix, 1, std::numeric_limits<double>::infinity(), FeedRule::kAny}), "gamma");
  nn::FilterMatrix damaged = matrix;
  damaged.values.pop_back();
  EXPECT_EQ(field({damaged, 1, 0, FeedRule::kAny}), "matrix");
  damaged = matrix;
  damaged.rows = 0;
  EXPECT_EQ(field({damaged, 1, 0, FeedRule::kAny}), "matrix");
}

}  // namespace
}  // namespace colonnade::packing
