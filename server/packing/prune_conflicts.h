// SPDX-License-Identifier: Apache-2.0
// Column-combine pruning: what makes a group fit one array column (arXiv:1811.04770,
// section on column combining).
#pragma once

#include <cstdint>
#include <span>

#include "server/nn/filter_matrix.h"
#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// In each row and group keeps one weight and sets the others to zero in place: without
// `saliency` the weight of largest magnitude, with it ([rows][columns]) the nonzero weight
// of largest saliency; of equal ones that of the lowest lane. Afterwards no group has a
// conflict, and the nonzero weights are the mask to retrain under. Columns in no group
// stay as they are. Returns the number of weights that were set to zero.
// REQUIRES: the grouping's columns exist; saliency is empty or of the matrix' size.
int64_t PruneConflicts(const Grouping& grouping, nn::FilterMatrix& matrix, std::span<const float> saliency = {});

// In each row and group without a nonzero weight puts the largest in magnitude that `original`
// has there, the lowest lane's of equal ones: a cell that an earlier grouping emptied costs as
// much as a full one. Returns the number of cells that were filled.
// REQUIRES: the grouping's columns exist; both matrices are of one layer.
int64_t RefillCells(const Grouping& grouping, const nn::FilterMatrix& original, nn::FilterMatrix& matrix);

}  // namespace colonnade::packing
