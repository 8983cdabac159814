// SPDX-License-Identifier: Apache-2.0
#include "server/packing/search_start.h"

#include <algorithm>
#include <utility>

namespace colonnade::packing {
namespace {

// Blocks that still grow, and the largest saliency of each of their rows.
class Growth {
 public:
  Growth(const Items& items, int blocks, const SearchLoops& loops)
      : items_(items),
        loops_(loops),
        length_(PaddedLength(items)),
        maxima_(size_t(blocks) * length_),
        item_(size_t(length_)),
        kept_(size_t(blocks), 0.0f),
        sums_(size_t(blocks)),
        blocks_(size_t(blocks)) {}

  int BestBlock(int item, int alpha) {
    const std::vector<float>& saliency = items_.all[size_t(item)].saliency;
    std::copy(saliency.begin(), saliency.end(), item_.data());
    loops_.sums_of_maxima(item_.data(), maxima_.data(), int(blocks_.size()), length_, sums_.data());
    int best = -1;
    for (int block = 0; block < int(blocks_.size()); ++block) {
      if (int(blocks_[size_t(block)].size()) >= alpha) continue;
      if (best < 0 || Gain(block) > Gain(best)) best = block;
    }
    return best;
  }

  void Extend(int block, int item) {
    blocks_[size_t(block)].push_back(item);
    const std::vector<float>& saliency = items_.all[size_t(item)].saliency;
    float* maxima = maxima_.data() + size_t(block) * length_;
    for (size_t i = 0; i < saliency.size(); ++i) maxima[i] = std::max(maxima[i], saliency[i]);
    loops_.sums_of_maxima(maxima, maxima, 1, length_, &kept_[size_t(block)]);
  }

  Blocks Take() { return std::move(blocks_); }

 private:
  float Gain(int block) const { return sums_[size_t(block)] - kept_[size_t(block)]; }

  const Items& items_;
  const SearchLoops& loops_;
  const int length_;
  AlignedArray<float> maxima_;      // [blocks][length]
  AlignedArray<float> item_;        // [length]
  std::vector<float> kept_, sums_;  // [blocks], as it is and with the item
  Blocks blocks_;
};

}  // namespace

int PaddedLength(const Items& items) {
  return (items.sections * items.rows + kRowsTogether - 1) / kRowsTogether * kRowsTogether;
}

Blocks StrongestFirst(const Items& items, std::vector<int> members, int alpha, const SearchLoops& loops) {
  std::stable_sort(members.begin(), members.end(),
                   [&](int a, int b) { return items.all[size_t(a)].energy > items.all[size_t(b)].energy; });
  const int blocks = int((int64_t(members.size()) + alpha - 1) / alpha);
  Growth growth(items, blocks, loops);
  for (int i = 0; i < int(members.size()); ++i) {
    const int item = members[size_t(i)];
    growth.Extend(i < blocks ? i : growth.BestBlock(item, alpha), item);
  }
  return growth.Take();
}

}  // namespace colonnade::packing
