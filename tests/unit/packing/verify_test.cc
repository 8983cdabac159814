// SPDX-License-Identifier: Apache-2.0
// PackingProblem::Verify() against groupings that were sound before one thing was broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "tests/unit/packing/grouping_properties.h"

namespace colonnade::packing {
namespace {

using nn::FeedRule;
using ::testing::HasSubstr;
using Groups = std::vector<std::vector<int>>;

// Breaks sound groupings of random problems, and expects the text in every error.
// `damage` returns false where it does not apply.
void ExpectRejected(FeedRule rule, const std::string& text,
                    const std::function<bool(const PackingProblem&, Groups&)>& damage) {
  int broken = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const int alpha = int(seed % 6) + 2;
    const PackingProblem problem{matrix, alpha, double(alpha - 1), rule};
    Grouping grouping = GroupDenseFirst(problem);
    ASSERT_TRUE(problem.Verify(grouping).ok()) << problem.Verify(grouping);
    if (!damage(problem, grouping.groups)) continue;
    ++broken;
    EXPECT_THAT(std::string(Message(problem.Verify(grouping))), HasSubstr(text));
  }
  EXPECT_GT(broken, 20);
}

class BrokenGrouping : public testing::TestWithParam<FeedRule> {};

TEST_P(BrokenGrouping, AColumnIsMissing) {
  ExpectRejected(GetParam(), "has nonzero weights and is in no group", [](const PackingProblem&, Groups& groups) {
    if (groups.empty()) return false;
    groups[0].pop_back();
    if (groups[0].empty()) groups.erase(groups.begin());
    return true;
  });
}

TEST_P(BrokenGrouping, AColumnIsInTwoGroups) {
  ExpectRejected(GetParam(), "is in group 0 already", [](const PackingProblem&, Groups& groups) {
    if (groups.empty()) return false;
    groups.push_back({groups[0][0]});
    return true;
  });
}

TEST_P(BrokenGrouping, AColumnIsTwiceInAGroup) {
  ExpectRejected(GetParam(), "is in group 0 already", [](const PackingProblem& problem, Groups& groups) {
    if (groups.empty() || int(groups[0].size()) == problem.alpha) return false;
    groups[0].push_back(groups[0][0]);
    return true;
  });
}

TEST_P(BrokenGrouping, AGroupIsTooLarge) {
  ExpectRejected(GetParam(), "columns; must be 1 to alpha", [](const PackingProblem& problem, Groups& groups) {
    if (groups.size() < 2 || int(groups[0].size() + groups[1].size()) <= problem.alpha) return false;
    groups[0].insert(groups[0].end(), groups[1].begin(), groups[1].end());
    groups.erase(groups.begin() + 1);
    return true;
  });
}

TEST_P(BrokenGrouping, AGroupIsEmpty) {
  ExpectRejected(GetParam(), "0 columns; must be 1 to alpha", [](const PackingProblem&, Groups& groups) {
    groups.emplace_back();
    return true;
  });
}

TEST_P(BrokenGrouping, AColumnDoesNotExist) {
  ExpectRejected(GetParam(), "does not exist", [](const PackingProblem& problem, Groups& groups) {
    groups.push_back({problem.matrix.columns});
    return true;
  });
}

// The first pair of groups whose first columns satisfy `may`, or none.
std::optional<std::pair<size_t, size_t>> FindPair(const Groups& groups,
                                                  const std::function<bool(size_t, size_t)>& may) {
  for (size_t a = 0; a < groups.size(); ++a) {
    for (size_t b = 0; b < groups.size(); ++b) {
      if (a != b && may(a, b)) return std::pair(a, b);
    }
  }
  return std::nullopt;
}

TEST_P(BrokenGrouping, ConflictsExceedGamma) {
  int broken = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    const Grouping full = GroupDenseFirst({matrix, 4, 3, GetParam()});
    nn::FilterMatrix pruned = matrix;
    const bool conflicts = PruneConflicts(full, pruned) > 0;
    const absl::Status status = PackingProblem{matrix, 4, 0, GetParam()}.Verify(full);
    EXPECT_EQ(status.ok(), !conflicts) << "seed " << seed;
    EXPECT_TRUE(!conflicts || Message(status).find("at most gamma = 0 per row") != std::string::npos) << status;
    EXPECT_TRUE((PackingProblem{pruned, 4, 0, GetParam()}.Verify(full).ok())) << "seed " << seed;
    broken += conflicts;
  }
  EXPECT_GT(broken, 20);
}

class BrokenFeedRule : public testing::TestWithParam<FeedRule> {};

TEST_P(BrokenFeedRule, ColumnsMeetThatItKeepsApart) {
  ExpectRejected(GetParam(), "may not share a group", [](const PackingProblem& problem, Groups& groups) {
    const auto pair = FindPair(groups, [&](size_t a, size_t b) {
      const nn::Column& site_a = problem.matrix.column_sites[size_t(groups[a][0])];
      const nn::Column& site_b = problem.matrix.column_sites[size_t(groups[b][0])];
      const bool apart = site_a.dy != site_b.dy || (problem.feed_rule != FeedRule::kSameRow && site_a.dx != site_b.dx);
      return apart && int(groups[a].size()) < problem.alpha;
    });
    if (!pair) return false;
    groups[pair->first].push_back(groups[pair->second][0]);
    return true;
  });
}

TEST(BrokenChannelBlock, ABlockIsSplitAtOneTap) {
  ExpectRejected(FeedRule::kChannelBlock, "split channels", [](const PackingProblem& problem, Groups& groups) {
    // Two channels that are also together elsewhere.
    const auto pair = FindPair(groups, [&](size_t a, size_t b) {
      const auto channel = [&](size_t group, size_t lane) {
        return problem.matrix.column_sites[size_t(groups[group][lane])].channel;
      };
      return groups[a].size() > 1 && groups[b].size() > 1 && channel(a, 0) == channel(b, 0) &&
             channel(a, 1) == channel(b, 1);
    });
    if (!pair) return false;
    groups.push_back({groups[pair->first][1]});
    groups[pair->first].erase(groups[pair->first].begin() + 1);
    return true;
  });
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenGrouping, testing::ValuesIn(kFeedRules),
                         [](const auto& info) { return std::string(nn::ToString(info.param)); });

INSTANTIATE_TEST_SUITE_P(Rules, BrokenFeedRule,
                         testing::Values(FeedRule::kSameRow, FeedRule::kSameTap, FeedRule::kChannelBlock),
                         [](const auto& info) { return std::string(nn::ToString(info.param)); });

}  // namespace
}  // namespace colonnade::packing
