// SPDX-License-Identifier: Apache-2.0
// Which weight of each cell a filter keeps, when the kept ones are chosen anew in closed form
// (the family of optimal brain surgeon; compensate.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace colonnade::training {

// One filter's least squares problem: `square` is E[x x^T], [n][n], positive definite, `right`
// E[x t], [n], both double. The error of keeping columns S is E[t^2] - right_S . w_S with
// w_S = square_SS^-1 right_S.
struct FilterProblem {
  at::Tensor square, right;
};

// Starting from `kept`, one column per cell (and any number that have no cell: candidates
// holds only themselves), exchanges columns within their cells as long as that lowers the
// error, cell by cell, for at most `passes` passes. candidates[i] are the columns of kept[i]'s
// cell, kept[i] among them. Deterministic. Takes O(passes * k * candidates * k^2) for k kept.
void ChooseWeights(const FilterProblem& problem, const std::vector<std::vector<int64_t>>& candidates, int passes,
                   std::vector<int64_t>& kept);

}  // namespace colonnade::training
