// SPDX-License-Identifier: Apache-2.0
#include "server/packing/packing_items.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

#include "server/packing/saliency.h"

namespace colonnade::packing {
namespace {

constexpr int kWordBits = 64;
constexpr int64_t kMostValues = int64_t{1} << 22;  // of a part: its groups stay in the processor's cache

// Which item and section a column belongs to.
struct Place {
  int item = 0;
  int section = 0;
};

class ItemMaker {
 public:
  explicit ItemMaker(const PackingProblem& problem) : problem_(problem), matrix_(problem.matrix) {
    items_.rows = matrix_.rows;
    items_.words = (matrix_.rows + kWordBits - 1) / kWordBits;
  }

  Items Run() {
    MakePlaces();
    for (Item& item : items_.all) {
      item.columns.assign(size_t(items_.sections), -1);
      item.rows.assign(size_t(items_.sections) * items_.words, 0);
      item.saliency.assign(size_t(items_.sections) * items_.rows, 0.0f);
    }
    AddWeights();
    std::erase_if(items_.all, [](const Item& item) { return item.nonzeros == 0; });
    DivideIntoParts();
    return std::move(items_);
  }

 private:
  // A column's class among those that never mix.
  std::pair<int, int> MixingClass(const nn::Column& site) const {
    switch (problem_.feed_rule) {
      case nn::FeedRule::kSameRow: return {site.dy, 0};
      case nn::FeedRule::kSameTap: return {site.dy, site.dx};
      default: return {0, 0};
    }
  }

  void MakePlaces() {
    const bool by_channel = problem_.feed_rule == nn::FeedRule::kChannelBlock;
    std::map<std::pair<int, int>, int> classes, sections;
    std::map<std::array<int, 3>, int> items;
    for (const nn::Column& site : matrix_.column_sites) {
      const int section = by_channel ? sections.try_emplace({site.dy, site.dx}, int(sections.size())).first->second : 0;
      const int next = int(items_.all.size());
      const int item = by_channel ? items.try_emplace({site.channel, 0, 0}, next).first->second : next;
      if (item == next) {
        items_.all.emplace_back().mixing_class =
            classes.try_emplace(MixingClass(site), int(classes.size())).first->second;
      }
      places_.push_back({item, section});
    }
    if (by_channel) items_.sections = int(sections.size());
    items_.mixing_classes = int(classes.size());
  }

  double Scale() const {
    double largest = 0;
    for (int row = 0; row < matrix_.rows; ++row) {
      for (int column = 0; column < matrix_.columns; ++column) {
        largest = std::max(largest, SaliencyAt(problem_, row, column));
      }
    }
    return largest == 0 ? 1 : std::ldexp(1, -std::ilogb(largest) - 1);
  }

  void AddWeights() {
    const double scale = Scale();
    for (int row = 0; row < matrix_.rows; ++row) {
      for (int column = 0; column < matrix_.columns; ++column) {
        if (matrix_.at(row, column) == 0) continue;
        const auto [index, section] = places_[size_t(column)];
        Item& item = items_.all[size_t(index)];
        const double saliency = SaliencyAt(problem_, row, column) * scale;
        item.columns[size_t(section)] = column;
        item.rows[size_t(section) * items_.words + row / kWordBits] |= uint64_t{1} << (row % kWordBits);
        item.saliency[size_t(section) * matrix_.rows + row] = float(saliency);
        ++item.nonzeros;
        item.energy += saliency;
      }
    }
  }

  // Parts of about the same length, so that as few groups are needed as without parts.
  int64_t LengthOfParts(int64_t items) const {
    const int64_t alpha = problem_.alpha;
    const int64_t most = std::max(kMostValues / (int64_t{items_.sections} * items_.rows) / alpha, int64_t{1}) * alpha;
    const int64_t parts = std::max<int64_t>((items + most - 1) / most, 1);
    return std::max<int64_t>((items + parts * alpha - 1) / (parts * alpha), 1) * alpha;
  }

  void DivideIntoParts() {
    std::vector<int64_t> sizes(size_t(items_.mixing_classes)), lengths, seen(sizes.size());
    std::vector<int> first_parts;
    for (const Item& item : items_.all) ++sizes[size_t(item.mixing_class)];
    for (const int64_t size : sizes) {
      lengths.push_back(LengthOfParts(size));
      first_parts.push_back(items_.parts);
      items_.parts += int(std::max<int64_t>((size + lengths.back() - 1) / lengths.back(), 1));
    }
    for (Item& item : items_.all) {
      const auto of = size_t(item.mixing_class);
      item.part = first_parts[of] + int(seen[of]++ / lengths[of]);
    }
  }

  const PackingProblem& problem_;
  const nn::FilterMatrix& matrix_;
  Items items_;
  std::vector<Place> places_;  // by column
};

}  // namespace

int64_t Items::Overlap(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b, int section) const {
  int64_t overlap = 0;
  for (int word = section * words; word < (section + 1) * words; ++word) {
    overlap += std::popcount(a[size_t(word)] & b[size_t(word)]);
  }
  return overlap;
}

Items MakeItems(const PackingProblem& problem) { return ItemMaker(problem).Run(); }

Grouping ToGrouping(const Items& items, const Blocks& blocks) {
  Grouping grouping;
  for (const std::vector<int>& block : blocks) {
    for (int section = 0; section < items.sections; ++section) {
      std::vector<int> members;
      for (const int item : block) {
        const int column = items.all[size_t(item)].columns[size_t(section)];
        if (column >= 0) members.push_back(column);
      }
      std::sort(members.begin(), members.end());
      if (!members.empty()) grouping.groups.push_back(std::move(members));
    }
  }
  std::sort(grouping.groups.begin(), grouping.groups.end());
  return grouping;
}

Blocks BlocksInFileOrder(const Items& items, int alpha) {
  Blocks blocks;
  std::vector<int> open(size_t(items.mixing_classes), -1);
  for (size_t item = 0; item < items.all.size(); ++item) {
    int& block = open[size_t(items.all[item].mixing_class)];
    if (block < 0 || int(blocks[size_t(block)].size()) == alpha) {
      block = int(blocks.size());
      blocks.emplace_back();
    }
    blocks[size_t(block)].push_back(int(item));
  }
  return blocks;
}

}  // namespace colonnade::packing
