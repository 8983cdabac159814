// SPDX-License-Identifier: Apache-2.0
// Column combining as a problem, apart from the algorithms that solve it
// (paper sections on column grouping and column-combine pruning).
#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/feed_rule.h"
#include "server/nn/filter_matrix.h"

namespace colonnade::packing {

// A partition of (some of) a filter matrix's columns into column groups. Columns
// that are zero everywhere need no group. groups[g] lists column indices; a
// column's position in its group is its lane.
struct Grouping {
  std::vector<std::vector<int>> groups;

  friend bool operator==(const Grouping&, const Grouping&) = default;
};

// Group the columns of `matrix` so that each group has at most alpha columns that
// the feed rule allows together, and at most gamma conflicts per row on average:
//   conflicts(group) = sum over rows of max(nonzeros of the row in the group - 1, 0) <= gamma * rows.
// gamma >= alpha - 1 never limits, so groups can then always end full.
struct PackingProblem {
  const nn::FilterMatrix& matrix;  // must outlive the problem
  int alpha = 1;                   // >= 1
  double gamma = 0.0;              // >= 0, finite
  nn::FeedRule feed_rule = nn::FeedRule::kSameTap;

  // [rows][columns] like the matrix, finite, >= 0: what pruning each weight loses, so what
  // algorithms try to keep. Empty for the squared weight. Must outlive the problem.
  std::span<const float> saliency = {};

  // Validates the input. An error names the field.
  absl::Status Check() const;

  // Validates any solution: every nonzero column in exactly one group, sizes,
  // feed rule, conflicts. An error names the group and the bound it breaks.
  absl::Status Verify(const Grouping& grouping) const;
};

}  // namespace colonnade::packing
