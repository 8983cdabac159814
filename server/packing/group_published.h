// SPDX-License-Identifier: Apache-2.0
// Grouping as the column combining authors' published code behaves, for comparison.
#pragma once

#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// A grouping that problem.Verify() accepts. Columns are merged only within sections of 256
// consecutive ones. Columns of zeros are in no group. Groups come in the order of their
// first columns and list their columns in ascending order. Saliency plays no part; nothing
// depends on chance. group_published.cc says what is and is not as published.
// REQUIRES: problem.Check() is OK.
Grouping GroupPublished(const PackingProblem& problem);

}  // namespace colonnade::packing
