// SPDX-License-Identifier: Apache-2.0
// The groups of one mixing class while they are searched.
#pragma once

#include <cstdint>
#include <vector>

#include "server/packing/packing_items.h"
#include "server/packing/search_loops.h"

namespace colonnade::packing {

// Every group has the same number of lanes. A lane that stays empty holds an item of
// zeros, so that moving an item into it is an exchange like any other. Slot = group *
// lanes + lane. For each slot two rows of `length` values lie ready, padded with zeros:
// its item's saliency, and the largest saliency of the other lanes of its group:
//
//   saliency  lane 0   5 1 0        others  lane 0   2 4 6
//             lane 1   2 3 6                lane 1   5 4 1
//             lane 2   0 4 1                lane 2   5 3 6      kept  5 + 4 + 6 = 15
//
// A group keeps the sum of max(others, saliency) of any of its lanes, and what it would
// keep with another item x in a lane is the sum of max(others of the lane, x): one pass.
// Not thread-safe.
class SearchBoard {
 public:
  // REQUIRES: blocks are not empty, of at most `lanes` items. The items must outlive it.
  SearchBoard(const Items& items, const Blocks& blocks, int lanes, const SearchLoops& loops);

  int groups() const { return groups_; }
  int lanes() const { return lanes_; }
  int length() const { return length_; }
  int slots() const { return groups_ * lanes_; }

  const float* saliency(int slot) const { return saliency_.data() + size_t(slot) * length_; }
  const float* others(int slot) const { return others_.data() + size_t(slot) * length_; }
  float kept(int group) const { return kept_[size_t(group)]; }

  // The item of each slot moves to the slot after it, that of the last to the first.
  // REQUIRES: slots of different groups.
  void Rotate(const std::vector<int>& slots);

  Blocks ToBlocks() const;

  const SearchLoops& loops() const { return loops_; }

 private:
  void Put(int slot, int item);
  void Refresh(int group);

  const Items& items_;
  const SearchLoops& loops_;
  const int groups_, lanes_, length_;
  std::vector<int> item_of_;  // [slots], -1 for an empty lane
  AlignedArray<float> saliency_, others_;
  AlignedArray<float> first_, second_;  // [length], scratch of Refresh()
  std::vector<float> kept_;             // [groups]
};

}  // namespace colonnade::packing
