// SPDX-License-Identifier: Apache-2.0
#include "server/packing/group_dense_first.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace colonnade::packing {

// Grouping is bin packing: columns are things, groups are bins, and a bin's capacity
// is alpha columns and gamma * rows conflicts. As in bin packing, the large things are
// hard to place and go first, the small ones fill what is left:
//
//   for each column, from dense to sparse:
//     of the groups that may take it, extend the one that becomes densest;
//     if there is none, open a new group with it.
//
// "Becomes densest" means most rows with a nonzero weight. Equal groups are told apart
// by fewer conflicts, then by age; equal columns by index. Nothing depends on chance.
//
// A group is a set of occupied rows. A column that meets it in k occupied rows adds k
// conflicts and fills the others, so with rows as bits both questions are one AND and
// one population count:
//
//                  rows 0 .. 3
//   group          1 1 0 0        2 occupied
//   column         0 1 1 0
//   AND            0 1 0 0        1 conflict; 3 occupied afterwards
//
// The feed rule decides who may meet whom. Under any, same_row and same_tap columns are
// sorted into classes that never mix. Under channel_block a whole channel is one thing:
// its rows at all taps side by side, one section per tap, with gamma holding in every
// section; a block of channels then gives one group per tap.
namespace {

using Bits = std::vector<uint64_t>;

constexpr int kWordBits = 64;

struct Item {
  std::pair<int, int> mixing_class;  // items of different classes never share a group
  std::vector<int> columns;          // by section; -1 where it has no nonzero column
  Bits rows;                         // [sections][words]
  int64_t nonzeros = 0;
};

struct Bin {
  std::vector<int> items;
  Bits rows;
  std::vector<int64_t> conflicts;  // by section
  int64_t occupied = 0;
};

class Grouper {
 public:
  explicit Grouper(const PackingProblem& problem)
      : problem_(problem), words_((problem.matrix.rows + kWordBits - 1) / kWordBits) {}

  Grouping Run() {
    MakeItems();
    std::vector<int> order(items_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return items_[a].nonzeros > items_[b].nonzeros; });
    for (const int item : order) {
      if (items_[item].nonzeros > 0) Place(item);
    }
    return ToGrouping();
  }

 private:
  bool by_channel() const { return problem_.feed_rule == nn::FeedRule::kChannelBlock; }

  std::pair<int, int> MixingClass(const nn::Column& site) const {
    switch (problem_.feed_rule) {
      case nn::FeedRule::kSameRow:
        return {site.dy, 0};
      case nn::FeedRule::kSameTap:
        return {site.dy, site.dx};
      default:
        return {0, 0};
    }
  }

  void MakeItems() {
    std::map<std::pair<int, int>, int> section_of_tap;
    std::map<int, int> item_of_channel;
    if (by_channel()) {
      for (const nn::Column& site : problem_.matrix.column_sites) {
        section_of_tap.try_emplace({site.dy, site.dx}, static_cast<int>(section_of_tap.size()));
      }
      sections_ = static_cast<int>(section_of_tap.size());
    }
    for (int column = 0; column < problem_.matrix.columns; ++column) {
      const nn::Column& site = problem_.matrix.column_sites[column];
      int item = static_cast<int>(items_.size());
      if (by_channel()) item = item_of_channel.try_emplace(site.channel, item).first->second;
      if (item == static_cast<int>(items_.size())) {
        items_.push_back({MixingClass(site), std::vector<int>(sections_, -1), Bits(sections_ * words_), 0});
      }
      AddColumn(column, by_channel() ? section_of_tap[{site.dy, site.dx}] : 0, items_[item]);
    }
  }

  void AddColumn(int column, int section, Item& item) const {
    const int64_t before = item.nonzeros;
    for (int row = 0; row < problem_.matrix.rows; ++row) {
      if (problem_.matrix.at(row, column) == 0) continue;
      item.rows[section * words_ + row / kWordBits] |= uint64_t{1} << (row % kWordBits);
      ++item.nonzeros;
    }
    if (item.nonzeros > before) item.columns[section] = column;
  }

  // Conflicts that `item` would add to `bin` in one section.
  int64_t Overlap(const Item& item, const Bin& bin, int section) const {
    int64_t overlap = 0;
    for (int word = section * words_; word < (section + 1) * words_; ++word) {
      overlap += std::popcount(item.rows[word] & bin.rows[word]);
    }
    return overlap;
  }

  // All conflicts `item` would add, or -1 when some section would have too many.
  int64_t Fit(const Item& item, const Bin& bin) const {
    int64_t total = 0;
    for (int section = 0; section < sections_; ++section) {
      const int64_t overlap = Overlap(item, bin, section);
      if (double(bin.conflicts[section] + overlap) > problem_.gamma * problem_.matrix.rows) return -1;
      total += overlap;
    }
    return total;
  }

  void Place(int index) {
    const Item& item = items_[index];
    std::vector<int>& open = open_[item.mixing_class];
    int best = -1;
    std::pair<int64_t, int64_t> best_score;  // occupied rows afterwards, fewer conflicts
    for (const int bin : open) {
      const int64_t overlap = Fit(item, bins_[bin]);
      if (overlap < 0) continue;
      const std::pair<int64_t, int64_t> score{bins_[bin].occupied + item.nonzeros - overlap, -overlap};
      if (best >= 0 && score <= best_score) continue;
      best = bin;
      best_score = score;
    }
    if (best < 0) {
      best = static_cast<int>(bins_.size());
      bins_.push_back({{}, Bits(item.rows.size()), std::vector<int64_t>(sections_), 0});
      open.push_back(best);
    }
    Extend(bins_[best], index);
    if (static_cast<int>(bins_[best].items.size()) >= problem_.alpha) std::erase(open, best);
  }

  void Extend(Bin& bin, int index) const {
    const Item& item = items_[index];
    bin.items.push_back(index);
    bin.occupied += item.nonzeros;
    for (int section = 0; section < sections_; ++section) {
      const int64_t overlap = Overlap(item, bin, section);
      bin.conflicts[section] += overlap;
      bin.occupied -= overlap;
    }
    for (size_t word = 0; word < bin.rows.size(); ++word) bin.rows[word] |= item.rows[word];
  }

  Grouping ToGrouping() const {
    Grouping grouping;
    for (const Bin& bin : bins_) {
      for (int section = 0; section < sections_; ++section) {
        std::vector<int> members;
        for (const int item : bin.items) {
          if (items_[item].columns[section] >= 0) members.push_back(items_[item].columns[section]);
        }
        std::sort(members.begin(), members.end());
        if (!members.empty()) grouping.groups.push_back(std::move(members));
      }
    }
    std::sort(grouping.groups.begin(), grouping.groups.end());
    return grouping;
  }

  const PackingProblem& problem_;
  const int words_;  // of one section
  int sections_ = 1;
  std::vector<Item> items_;
  std::vector<Bin> bins_;
  std::map<std::pair<int, int>, std::vector<int>> open_;  // bins below alpha, oldest first
};

}  // namespace

Grouping GroupDenseFirst(const PackingProblem& problem) { return Grouper(problem).Run(); }

}  // namespace colonnade::packing
