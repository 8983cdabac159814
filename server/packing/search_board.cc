// SPDX-License-Identifier: Apache-2.0
#include "server/packing/search_board.h"

#include <algorithm>

#include "server/packing/search_start.h"

namespace colonnade::packing {
SearchBoard::SearchBoard(const Items& items, const Blocks& blocks, int lanes, const SearchLoops& loops)
    : items_(items),
      loops_(loops),
      groups_(int(blocks.size())),
      lanes_(lanes),
      length_(PaddedLength(items)),
      item_of_(size_t(groups_) * lanes_, -1),
      saliency_(item_of_.size() * length_),
      others_(item_of_.size() * length_),
      first_(size_t(length_)),
      second_(size_t(length_)),
      kept_(size_t(groups_)) {
  for (int group = 0; group < groups_; ++group) {
    const std::vector<int>& block = blocks[size_t(group)];
    for (size_t lane = 0; lane < block.size(); ++lane) Put(group * lanes_ + int(lane), block[lane]);
    Refresh(group);
  }
}

void SearchBoard::Put(int slot, int item) {
  item_of_[size_t(slot)] = item;
  float* saliency = saliency_.data() + size_t(slot) * length_;
  std::fill(saliency, saliency + length_, 0.0f);
  if (item < 0) return;
  const std::vector<float>& values = items_.all[size_t(item)].saliency;
  std::copy(values.begin(), values.end(), saliency);
}

// The other lanes' largest is the group's second largest in the lane that holds the
// largest, and the largest in all others.
void SearchBoard::Refresh(int group) {
  float *first = first_.data(), *second = second_.data();
  std::fill(first, first + length_, 0.0f);
  std::fill(second, second + length_, 0.0f);
  for (int slot = group * lanes_; slot < (group + 1) * lanes_; ++slot) {
    const float* values = saliency(slot);
    for (int i = 0; i < length_; ++i) {
      second[i] = std::max(second[i], std::min(first[i], values[i]));
      first[i] = std::max(first[i], values[i]);
    }
  }
  for (int slot = group * lanes_; slot < (group + 1) * lanes_; ++slot) {
    const float* values = saliency(slot);
    float* largest = others_.data() + size_t(slot) * length_;
    for (int i = 0; i < length_; ++i) largest[i] = values[i] < first[i] ? first[i] : second[i];
  }
  loops_.sums_of_maxima(first, first, 1, length_, &kept_[size_t(group)]);
}

void SearchBoard::Rotate(const std::vector<int>& slots) {
  int item = item_of_[size_t(slots.back())];
  for (const int slot : slots) {
    const int next = item_of_[size_t(slot)];
    Put(slot, item);
    item = next;
  }
  for (const int slot : slots) Refresh(slot / lanes_);
}

Blocks SearchBoard::ToBlocks() const {
  Blocks blocks(kept_.size());
  for (int slot = 0; slot < slots(); ++slot) {
    if (item_of_[size_t(slot)] >= 0) blocks[size_t(slot / lanes_)].push_back(item_of_[size_t(slot)]);
  }
  return blocks;
}

}  // namespace colonnade::packing
