// SPDX-License-Identifier: Apache-2.0
// Where the search begins.
#pragma once

#include <vector>

#include "server/packing/packing_items.h"
#include "server/packing/search_loops.h"

namespace colonnade::packing {

// Rows of an item's saliency with their padding.
int PaddedLength(const Items& items);

// Full blocks of items of one mixing class. The ceil(n / alpha) items of most saliency
// open a block each; then, still in falling order, each joins the block that keeps most
// more by it, of equal ones the oldest. REQUIRES: members are of one mixing class.
Blocks StrongestFirst(const Items& items, std::vector<int> members, int alpha, const SearchLoops& loops);

}  // namespace colonnade::packing
