// SPDX-License-Identifier: Apache-2.0
// Dense-column-first grouping, the column combining paper's (arXiv:1811.04770,
// section on column grouping), with ties broken by the weight that survives.
#pragma once

#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// A grouping that problem.Verify() accepts. Columns of zeros are in no group. Groups
// come in the order of their first columns and list their columns in ascending order.
// The same problem gives the same grouping.
// REQUIRES: problem.Check() is OK.
Grouping GroupDenseFirst(const PackingProblem& problem);

}  // namespace colonnade::packing
