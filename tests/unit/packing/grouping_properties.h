// SPDX-License-Identifier: Apache-2.0
// What every grouping must hold, checked without PackingProblem::Verify().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "server/packing/prune_conflicts.h"
#include "server/packing/saliency.h"
#include "tests/unit/packing/matrices.h"

namespace colonnade::packing {

inline constexpr nn::FeedRule kFeedRules[] = {nn::FeedRule::kAny, nn::FeedRule::kSameRow, nn::FeedRule::kSameTap,
                                              nn::FeedRule::kChannelBlock};

inline bool IsZero(const nn::FilterMatrix& matrix, int column) {
  for (int row = 0; row < matrix.rows; ++row) {
    if (matrix.at(row, column) != 0) return false;
  }
  return true;
}

inline std::vector<float> RandomSaliency(const nn::FilterMatrix& matrix, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> saliency(matrix.values.size());
  for (float& value : saliency) value = float(random() % 1000) / 16;
  return saliency;
}

// -1 for columns in no group. A column in two groups fails the test.
inline std::vector<int> GroupsOfColumns(const nn::FilterMatrix& matrix, const Grouping& grouping) {
  std::vector<int> group_of(size_t(matrix.columns), -1);
  for (size_t group = 0; group < grouping.groups.size(); ++group) {
    for (const int column : grouping.groups[group]) {
      EXPECT_EQ(group_of[size_t(column)], -1) << "column " << column;
      group_of[size_t(column)] = int(group);
    }
  }
  return group_of;
}

inline void ExpectFeedRule(const PackingProblem& problem, const Grouping& grouping) {
  const std::vector<nn::Column>& sites = problem.matrix.column_sites;
  for (const std::vector<int>& group : grouping.groups) {
    for (const int column : group) {
      const nn::Column &first = sites[size_t(group[0])], &site = sites[size_t(column)];
      EXPECT_TRUE(problem.feed_rule == nn::FeedRule::kAny || site.dy == first.dy);
      EXPECT_TRUE(problem.feed_rule < nn::FeedRule::kSameTap || site.dx == first.dx);
    }
  }
}

// Two channels that are nonzero at two taps are together at both or at neither.
inline void ExpectOnePartition(const nn::FilterMatrix& matrix, const std::vector<int>& group_of) {
  std::map<std::pair<int, int>, bool> together;
  for (int a = 0; a < matrix.columns; ++a) {
    for (int b = 0; b < matrix.columns; ++b) {
      const nn::Column &site_a = matrix.column_sites[size_t(a)], &site_b = matrix.column_sites[size_t(b)];
      if (group_of[size_t(a)] < 0 || group_of[size_t(b)] < 0) continue;
      if (site_a.dy != site_b.dy || site_a.dx != site_b.dx) continue;
      const bool here = group_of[size_t(a)] == group_of[size_t(b)];
      EXPECT_EQ(together.try_emplace({site_a.channel, site_b.channel}, here).first->second, here);
    }
  }
}

inline void ExpectOneWeightPerCell(const PackingProblem& problem, const Grouping& grouping) {
  nn::FilterMatrix pruned = problem.matrix;
  PruneConflicts(grouping, pruned, problem.saliency);
  double kept = 0;
  for (const std::vector<int>& group : grouping.groups) {
    for (int row = 0; row < pruned.rows; ++row) {
      const auto has_weight = [&](int column) { return pruned.at(row, column) != 0; };
      EXPECT_LE(std::count_if(group.begin(), group.end(), has_weight), 1);
      for (const int column : group) {
        if (has_weight(column)) kept += SaliencyAt(problem, row, column);
      }
    }
  }
  EXPECT_NEAR(kept, KeptSaliency(problem, grouping), 1e-9 * kept);
}

inline void ExpectSound(const PackingProblem& problem, const Grouping& grouping) {
  const std::vector<int> group_of = GroupsOfColumns(problem.matrix, grouping);
  for (int column = 0; column < problem.matrix.columns; ++column) {
    EXPECT_EQ(group_of[size_t(column)] == -1, IsZero(problem.matrix, column)) << "column " << column;
  }
  for (const std::vector<int>& group : grouping.groups) {
    EXPECT_GE(group.size(), 1u);
    EXPECT_LE(group.size(), size_t(problem.alpha));
  }
  ExpectFeedRule(problem, grouping);
  if (problem.feed_rule == nn::FeedRule::kChannelBlock) ExpectOnePartition(problem.matrix, group_of);
  ExpectOneWeightPerCell(problem, grouping);
  EXPECT_TRUE(problem.Verify(grouping).ok()) << problem.Verify(grouping);
}

// As many groups as the nonzero columns of each mixing class need.
inline size_t FewestGroups(const PackingProblem& problem) {
  std::map<std::pair<int, int>, int> sizes;
  for (int column = 0; column < problem.matrix.columns; ++column) {
    const nn::Column& site = problem.matrix.column_sites[size_t(column)];
    const bool by_row = problem.feed_rule != nn::FeedRule::kAny, by_tap = problem.feed_rule == nn::FeedRule::kSameTap;
    if (!IsZero(problem.matrix, column)) ++sizes[{by_row ? site.dy : 0, by_tap ? site.dx : 0}];
  }
  size_t groups = 0;
  for (const auto& [mixing_class, size] : sizes) groups += size_t((size + problem.alpha - 1) / problem.alpha);
  return groups;
}

}  // namespace colonnade::packing
