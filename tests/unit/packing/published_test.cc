// SPDX-License-Identifier: Apache-2.0
#include "server/packing/group_published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/packing/grouping_properties.h"

namespace colonnade::packing {
namespace {

using nn::FeedRule;
using ::testing::ElementsAre;

// A group as a list of columns and its number of weights in each row.
struct Naive {
  std::vector<int> columns;
  std::vector<int> weights;
};

std::vector<int> Added(const Naive& a, const Naive& b) {
  std::vector<int> weights = a.weights;
  for (size_t row = 0; row < weights.size(); ++row) weights[row] += b.weights[row];
  return weights;
}

// Merges once as the published code does, without bits or short cuts; false when nothing can be merged.
bool MergeFirst(std::vector<Naive>& groups, int alpha, int limit) {
  for (size_t first = 0; first < groups.size(); ++first) {
    size_t partner = groups.size();
    int64_t fewest = 0;
    for (size_t other = 0; other < groups.size(); ++other) {
      if (other == first || int(groups[first].columns.size() + groups[other].columns.size()) > alpha) continue;
      int64_t conflicts = 0, empty = 0;
      for (const int weights : Added(groups[first], groups[other])) {
        conflicts += std::max(weights - 1, 0);
        empty += weights == 0;
      }
      if (conflicts > limit || (partner < groups.size() && empty >= fewest)) continue;
      partner = other;
      fewest = empty;
    }
    if (partner == groups.size()) continue;
    groups[first].weights = Added(groups[first], groups[partner]);
    for (const int column : groups[partner].columns) groups[first].columns.push_back(column);
    groups.erase(groups.begin() + std::ptrdiff_t(partner));
    return true;
  }
  return false;
}

Grouping NaivelyPublished(const nn::FilterMatrix& matrix, int alpha, double gamma) {
  Grouping grouping;
  for (int begin = 0; begin < matrix.columns; begin += 256) {
    std::vector<Naive> groups;
    for (int column = begin; column < std::min(begin + 256, matrix.columns); ++column) {
      if (IsZero(matrix, column)) continue;
      groups.push_back({{column}, {}});
      for (int row = 0; row < matrix.rows; ++row) groups.back().weights.push_back(matrix.at(row, column) != 0);
    }
    while (MergeFirst(groups, alpha, int(gamma * matrix.rows))) {
    }
    for (Naive& group : groups) {
      std::sort(group.columns.begin(), group.columns.end());
      grouping.groups.push_back(group.columns);
    }
  }
  std::sort(grouping.groups.begin(), grouping.groups.end());
  return grouping;
}

nn::FilterMatrix WideMatrix(uint64_t seed, int columns) {
  std::mt19937_64 random(seed);
  nn::FilterMatrix matrix{9, columns, std::vector<float>(size_t(9) * size_t(columns)), {}};
  const uint64_t one_in = 2 + seed % 6;
  for (float& value : matrix.values) value = random() % one_in == 0 ? 1.0f : 0.0f;
  for (int column = 0; column < columns; ++column) matrix.column_sites.push_back({column, 0, 0});
  return matrix;
}

TEST(GroupPublished, MergesAsThePublishedCodeDoes) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const int alpha = int(seed % 9) + 1;
    const double gamma = double(seed % 8) / 4;
    EXPECT_EQ(GroupPublished({matrix, alpha, gamma, FeedRule::kAny}), NaivelyPublished(matrix, alpha, gamma));
  }
}

TEST(GroupPublished, SectionsOf256ColumnsStayApart) {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const nn::FilterMatrix matrix = WideMatrix(seed, 600);
    const Grouping grouping = GroupPublished({matrix, 8, 0.5, FeedRule::kAny});
    EXPECT_EQ(grouping, NaivelyPublished(matrix, 8, 0.5));
    for (const std::vector<int>& group : grouping.groups) EXPECT_EQ(group.front() / 256, group.back() / 256);
  }
}

TEST(GroupPublished, EveryGroupingIsSoundUnderEveryFeedRule) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    for (const FeedRule rule : kFeedRules) {
      const PackingProblem problem{matrix, int(seed % 10) + 1, double(seed % 9) / 4, rule};
      ExpectSound(problem, GroupPublished(problem));
    }
  }
}

TEST(GroupPublished, DenseColumnsEndInPairsAtItsGamma) {
  nn::FilterMatrix matrix = WideMatrix(0, 40);
  std::fill(matrix.values.begin(), matrix.values.end(), 1.0f);
  const Grouping grouping = GroupPublished({matrix, 8, 1.75, FeedRule::kAny});
  EXPECT_EQ(grouping.groups.size(), 20u);
}

TEST(GroupPublished, ASectionOfZerosHasNoGroups) {
  nn::FilterMatrix matrix = WideMatrix(1, 600);
  for (int row = 0; row < matrix.rows; ++row) {
    for (int column = 256; column < 512; ++column) matrix.at(row, column) = 0;
  }
  for (const std::vector<int>& group : GroupPublished({matrix, 8, 0.5, FeedRule::kAny}).groups) {
    EXPECT_NE(group[0] / 256, 1);
  }
  EXPECT_TRUE(GroupPublished({Matrix({{0, 0}}), 8, 1, FeedRule::kAny}).groups.empty());
}

TEST(GroupPublished, TheFirstGroupIsExtendedNotTheBestPair) {
  // Columns 1 and 2 would occupy four rows together, but column 0 comes first and takes column 1.
  const nn::FilterMatrix matrix = Matrix({{1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 1}});
  EXPECT_THAT(GroupPublished({matrix, 2, 0, FeedRule::kAny}).groups, ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
}

}  // namespace
}  // namespace colonnade::packing
