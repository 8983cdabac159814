// SPDX-License-Identifier: Apache-2.0
// What grouping algorithms place into blocks: columns, or whole channels where the feed
// rule moves them as one. For the algorithms of this folder; others need only Grouping.
#pragma once

#include <cstdint>
#include <vector>

#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// The feed rule decides who may meet whom. Under any, same_row and same_tap an item is a
// column, and items are sorted into mixing classes that never share a group. Under
// channel_block an item is a whole channel: its rows at all taps side by side, one
// section per tap. A block of items then gives one group per section.
//
// Comparing all pairs of n items takes n * n * rows. So that this stays possible for a linear
// layer with tens of thousands of inputs, mixing classes of more than 2^22 values are divided
// into parts, and algorithms that compare pairs do so within a part.
struct Item {
  int mixing_class = 0;
  int part = 0;  // runs of items of a class, all but the last of a length that alpha divides
  std::vector<int> columns;     // by section; -1 where it has no nonzero weight
  std::vector<uint64_t> rows;   // [sections][words], a bit per nonzero weight
  std::vector<float> saliency;  // [sections][rows], scaled so that the matrix' largest is in [0.5, 1)
  int64_t nonzeros = 0;
  double energy = 0;  // sum of saliency
};

struct Items {
  int sections = 1;
  int rows = 0;   // of one section
  int words = 0;  // of one section, 64 rows each
  int mixing_classes = 0;
  int parts = 0;          // of all classes, at least one each
  std::vector<Item> all;  // those with a nonzero weight, by their first columns

  // Rows in which both have a weight.
  int64_t Overlap(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b, int section) const;
};

// Items that go together, by index.
using Blocks = std::vector<std::vector<int>>;

// REQUIRES: problem.Check() is OK.
Items MakeItems(const PackingProblem& problem);

// Groups in the order of their first columns, each in ascending order. There is no way
// back: at a tap where channels are zero, a block's group does not show all its channels.
// REQUIRES: each item is in at most one block.
Grouping ToGrouping(const Items& items, const Blocks& blocks);

// Runs of alpha items of a mixing class, as they come: the fewest blocks.
Blocks BlocksInFileOrder(const Items& items, int alpha);

}  // namespace colonnade::packing
