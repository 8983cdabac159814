// SPDX-License-Identifier: Apache-2.0
// Which weight of each cell a filter keeps, when the kept ones are chosen anew in closed form
// (the family of optimal brain surgeon; compensate.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace colonnade::training {

// One filter's least squares problem over n columns: `square` is E[x x^T], [n][n], symmetric and
// positive definite, `right` is E[x t], [n]. The error of keeping the columns S is
// E[t^2] - right_S . w_S with w_S = square_SS^-1 right_S.
struct FilterProblem {
  std::span<const double> square, right;
};

// Starting from `kept`, exchanges columns as long as that lowers the error, one place after the
// other, for at most `passes` passes. kept[i] is exchanged for a column of alternatives[i], then
// among the alternatives itself. Deterministic. For k kept columns, takes k^3 once, and a pass
// k^2 times all alternatives.
void ChooseWeights(const FilterProblem& problem, std::vector<std::vector<int64_t>> alternatives, int passes,
                   std::vector<int64_t>& kept);

}  // namespace colonnade::training
