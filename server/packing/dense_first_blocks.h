// SPDX-License-Identifier: Apache-2.0
// The blocks behind GroupDenseFirst(), for algorithms that go on from them.
#pragma once

#include "server/packing/packing_items.h"

namespace colonnade::packing {

// In the order in which they were opened. With gamma >= alpha - 1 they are as few as
// possible in each mixing class. REQUIRES: the items are the problem's.
Blocks DenseFirstBlocks(const PackingProblem& problem, const Items& items);

}  // namespace colonnade::packing
