// SPDX-License-Identifier: Apache-2.0
// Column-combine pruning: what makes a group fit one array column (arXiv:1811.04770,
// section on column combining).
#pragma once

#include <cstdint>

#include "server/nn/filter_matrix.h"
#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// In each row and group keeps the weight of largest magnitude, of equal ones that of
// the lowest lane, and sets the others to zero in place. Afterwards no group has a
// conflict, and the nonzero weights are the mask to retrain under. Columns in no group
// stay as they are. Returns the number of weights that were set to zero.
// REQUIRES: the grouping's columns exist.
int64_t PruneConflicts(const Grouping& grouping, nn::FilterMatrix& matrix);

}  // namespace colonnade::packing
