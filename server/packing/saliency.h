// SPDX-License-Identifier: Apache-2.0
// What a grouping keeps of the weights' saliency, and what none can exceed. The bound is
// a certificate: how far a grouping may be from the best one needs no search to know.
#pragma once

#include <algorithm>

#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// What pruning one weight loses: problem.saliency, or the squared weight without one. A
// weight of zero has nothing to lose.
inline double SaliencyAt(const PackingProblem& problem, int row, int column) {
  const double weight = problem.matrix.at(row, column);
  if (weight == 0) return 0;
  if (problem.saliency.empty()) return weight * weight;
  return problem.saliency[size_t(row) * problem.matrix.columns + column];
}

// The saliency of all weights.
double TotalSaliency(const PackingProblem& problem);

// The saliency of the weights that PruneConflicts() keeps in groups: the largest of each
// row and group. REQUIRES: the grouping's columns exist.
double KeptSaliency(const PackingProblem& problem, const Grouping& grouping);

// No grouping with as few groups as possible keeps more, apart from rounding of the sum
// (about 1e-13 of it). With n nonzero columns in a mixing class there are ceil(n / alpha)
// groups of it, and each keeps one weight of a row: at best the row's largest that many.
// Under channel_block n is the number of nonzero channels, and there may be that many
// groups at each tap. REQUIRES: problem.Check() is OK.
double SaliencyBound(const PackingProblem& problem);

// Columns grouped as they come, within their mixing class, in the fewest groups; whole
// channels under channel_block. What a grouping keeps above this one is its gain, and the
// bound less this one is the attainable gain. REQUIRES: problem.Check() is OK.
Grouping GroupInFileOrder(const PackingProblem& problem);

// (kept - file order) / (bound - file order), the share of the attainable gain; 1 when
// there is nothing to gain.
inline double ShareOfGain(double kept, double file_order, double bound) {
  return bound > file_order ? (kept - file_order) / (bound - file_order) : 1.0;
}

}  // namespace colonnade::packing
