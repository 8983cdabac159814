// SPDX-License-Identifier: Apache-2.0
// Grouping by search: full groups that keep as much saliency as can be found, with a
// bound that says how much more there could be.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/packing/packing_problem.h"
#include "server/packing/saliency.h"

namespace colonnade::packing {

struct SearchOptions {
  uint64_t seed = 1;  // another one may find a slightly better or worse grouping

  // Draws of the second phase (search_cycles.cc), at most, per mixing class.
  int rounds = 1000;

  // Most rows to compare, after the start, of all mixing classes together. This is what
  // bounds the time: a billion take about 0.04 s with AVX-512 or AVX2 and 0.1 s without, on
  // one core of 4 GHz. Looking at every pair of n columns once takes n * n * rows, so from
  // about 2000 columns of 500 rows on the default ends the search before that is done, and
  // the time grows with the start only: n * n * rows / alpha, from 2^22 values on, where only
  // columns of a part are compared (packing_items.h), n * 2^22 / alpha.
  int64_t work = 2'000'000'000;
};

struct SearchResult {
  Grouping grouping;
  double kept = 0;        // saliency, KeptSaliency()
  double bound = 0;       // SaliencyBound()
  double file_order = 0;  // what GroupInFileOrder() keeps

  double share_of_gain() const { return ShareOfGain(kept, file_order, bound); }  // 0 to 1
};

// A grouping that problem.Verify() accepts, with the fewest groups: in each mixing class
// of n nonzero columns (channels under channel_block) ceil(n / alpha) of them. It keeps at
// least as much saliency as GroupInFileOrder() and GroupDenseFirst() do. Columns of zeros
// are in no group. Groups come in the order of their first columns and list their columns
// in ascending order. The same problem and options give the same grouping on every
// processor.
// INVALID_ARGUMENT, naming gamma, when it is less than alpha - 1: groups that must be full
// cannot keep to a limit on conflicts.
// REQUIRES: problem.Check() is OK; rounds and work are not negative.
absl::StatusOr<SearchResult> GroupBySearch(const PackingProblem& problem, const SearchOptions& options = {});

}  // namespace colonnade::packing
