// SPDX-License-Identifier: Apache-2.0
#include "server/packing/packing_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "server/base/disjoint_sets.h"
#include "server/base/status.h"

namespace colonnade::packing {
namespace {

using nn::Column;
using nn::FeedRule;

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(message); }

// Whether `rule` lets two columns into one group, apart from kChannelBlock's demand
// that the taps agree.
bool MayShare(FeedRule rule, const Column& a, const Column& b) {
  if (rule == FeedRule::kAny) return true;
  return a.dy == b.dy && (rule == FeedRule::kSameRow || a.dx == b.dx);
}

absl::Status CheckMembers(const PackingProblem& problem, const std::vector<int>& members) {
  const int size = static_cast<int>(members.size());
  if (size < 1 || size > problem.alpha) {
    return Invalid(fmt::format("{} columns; must be 1 to alpha = {}", size, problem.alpha));
  }
  for (const int column : members) {
    if (column >= 0 && column < problem.matrix.columns) continue;
    return Invalid(fmt::format("column {} does not exist; 0 to {}", column, problem.matrix.columns - 1));
  }
  const Column& first = problem.matrix.column_sites[members[0]];
  for (const int column : members) {
    if (MayShare(problem.feed_rule, first, problem.matrix.column_sites[column])) continue;
    return Invalid(fmt::format("columns {} and {} may not share a group under feed rule {}", members[0],
                               column, nn::ToString(problem.feed_rule)));
  }
  return absl::OkStatus();
}

absl::Status CheckConflicts(const PackingProblem& problem, const std::vector<int>& members) {
  int64_t conflicts = 0;
  for (int row = 0; row < problem.matrix.rows; ++row) {
    const auto nonzeros = std::count_if(members.begin(), members.end(),
                                        [&](int column) { return problem.matrix.at(row, column) != 0; });
    conflicts += std::max<int64_t>(nonzeros - 1, 0);
  }
  if (double(conflicts) <= problem.gamma * problem.matrix.rows) return absl::OkStatus();
  return Invalid(fmt::format("{} conflicts in {} rows; at most gamma = {} per row are allowed", conflicts,
                             problem.matrix.rows, problem.gamma));
}

bool IsNonzero(const nn::FilterMatrix& matrix, int column) {
  for (int row = 0; row < matrix.rows; ++row) {
    if (matrix.at(row, column) != 0) return true;
  }
  return false;
}

// -1 for columns in no group.
absl::StatusOr<std::vector<int>> GroupOfColumns(const PackingProblem& problem, const Grouping& grouping) {
  std::vector<int> group_of(problem.matrix.columns, -1);
  for (size_t group = 0; group < grouping.groups.size(); ++group) {
    for (const int column : grouping.groups[group]) {
      if (group_of[column] != -1) {
        return Invalid(
            fmt::format("group {}: column {} is in group {} already", group, column, group_of[column]));
      }
      group_of[column] = static_cast<int>(group);
    }
  }
  for (int column = 0; column < problem.matrix.columns; ++column) {
    if (group_of[column] != -1 || !IsNonzero(problem.matrix, column)) continue;
    return Invalid(fmt::format("column {} has nonzero weights and is in no group", column));
  }
  return group_of;
}

// Columns together at one tap belong to one block of channels; then columns of one block
// and one tap must be together, and the block must fit alpha. Channels without a group at
// a tap are zero there and fit any block.
absl::Status CheckChannelBlocks(const PackingProblem& problem, const Grouping& grouping,
                                const std::vector<int>& group_of) {
  const std::vector<Column>& sites = problem.matrix.column_sites;
  int channels = 0;
  for (const Column& site : sites) channels = std::max(channels, site.channel + 1);
  DisjointSets blocks(channels);
  for (const std::vector<int>& members : grouping.groups) {
    for (const int column : members) blocks.Join(sites[members[0]].channel, sites[column].channel);
  }
  std::map<std::array<int, 3>, int> group_at;  // block, dy, dx
  std::map<int, std::set<int>> members;
  for (int column = 0; column < problem.matrix.columns; ++column) {
    if (group_of[column] == -1) continue;
    const Column& site = sites[column];
    const int block = blocks.Find(site.channel);
    members[block].insert(site.channel);
    const auto [at, is_new] = group_at.try_emplace({block, site.dy, site.dx}, group_of[column]);
    if (at->second == group_of[column]) continue;
    return Invalid(
        fmt::format("groups {} and {} split channels that share a group at another tap; feed rule "
                    "channel_block needs the same partition at every tap",
                    at->second, group_of[column]));
  }
  for (const auto& [block, of_block] : members) {
    if (static_cast<int>(of_block.size()) <= problem.alpha) continue;
    return Invalid(fmt::format("the groups of channel {} join {} channels over all taps; at most alpha = {}",
                               *of_block.begin(), of_block.size(), problem.alpha));
  }
  return absl::OkStatus();
}

absl::Status CheckSaliency(const PackingProblem& problem) {
  const nn::FilterMatrix& matrix = problem.matrix;
  if (problem.saliency.empty()) return absl::OkStatus();
  if (problem.saliency.size() != matrix.values.size()) {
    return InvalidField("saliency", fmt::format("has {} values; must have {} x {} or none", problem.saliency.size(),
                                                matrix.rows, matrix.columns));
  }
  for (size_t i = 0; i < problem.saliency.size(); ++i) {
    if (problem.saliency[i] >= 0 && std::isfinite(problem.saliency[i])) continue;
    return InvalidField("saliency", fmt::format("of row {}, column {} is {}; must be finite and not negative",
                                                i / size_t(matrix.columns), i % size_t(matrix.columns),
                                                problem.saliency[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PackingProblem::Check() const {
  if (alpha < 1) return InvalidField("alpha", fmt::format("is {}; must be at least 1", alpha));
  if (!(gamma >= 0) || !std::isfinite(gamma)) {
    return InvalidField("gamma", fmt::format("is {}; must be finite and not negative", gamma));
  }
  if (matrix.rows < 1 || matrix.columns < 1) {
    return InvalidField("matrix",
                        fmt::format("is {} x {}; must have rows and columns", matrix.rows, matrix.columns));
  }
  if (matrix.values.size() != size_t(matrix.rows) * matrix.columns ||
      matrix.column_sites.size() != size_t(matrix.columns)) {
    return InvalidField("matrix",
                        fmt::format("is {} x {} but holds {} values and {} column sites", matrix.rows,
                                    matrix.columns, matrix.values.size(), matrix.column_sites.size()));
  }
  return CheckSaliency(*this);
}

absl::Status PackingProblem::Verify(const Grouping& grouping) const {
  for (size_t group = 0; group < grouping.groups.size(); ++group) {
    absl::Status status = CheckMembers(*this, grouping.groups[group]);
    if (status.ok()) status = CheckConflicts(*this, grouping.groups[group]);
    if (!status.ok()) return Annotate(status, fmt::format("group {}", group));
  }
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int> group_of, GroupOfColumns(*this, grouping));
  if (feed_rule != FeedRule::kChannelBlock) return absl::OkStatus();
  return CheckChannelBlocks(*this, grouping, group_of);
}

}  // namespace colonnade::packing
