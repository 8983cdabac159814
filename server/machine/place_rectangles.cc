// SPDX-License-Identifier: Apache-2.0
//
// Placing rectangles that come and go in a strip as short as possible is NP-hard even when all live
// at once. What decides whether a network fits are its few largest images, and these differ in
// size by factors of two: so rectangles are placed one after the other, each as low as it fits beside
// those placed before, once with the largest areas first, once with the longest first, once in
// the order of time; the shortest of the three counts. A rectangle's first bank is 0 or where another
// ends, so that n rectangles cost n^2 log n per bank tried.
#include "server/machine/place_rectangles.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <optional>
#include <tuple>

namespace colonnade::machine {
namespace {

bool LiveTogether(const Rectangle& a, const Rectangle& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

class Placer {
 public:
  Placer(std::span<const Rectangle> rectangles, int banks, int alignment)
      : rectangles_(rectangles), banks_(banks), alignment_(alignment) {}

  Placement Place(std::span<const int> order) {
    result_ = {std::vector<Corner>(rectangles_.size()), 0};
    placed_.clear();
    for (const int index : order) {
      result_.corners[index] = LowestCorner(index);
      result_.positions = std::max(result_.positions, result_.corners[index].base + rectangles_[index].positions);
      placed_.push_back(index);
    }
    return result_;
  }

 private:
  Corner LowestCorner(int index) const {
    std::optional<Corner> lowest;
    for (const int bank : BanksToTry(index)) {
      const Corner corner{LowestBase(index, bank), bank};
      if (!lowest || std::tie(corner.base, corner.bank) < std::tie(lowest->base, lowest->bank)) lowest = corner;
    }
    return *lowest;
  }

  std::vector<int> BanksToTry(int index) const {
    std::vector<int> banks{0};
    for (const int other : placed_) {
      const int end = result_.corners[other].bank + rectangles_[other].banks;
      const int aligned = (end + alignment_ - 1) / alignment_ * alignment_;
      if (aligned + rectangles_[index].banks <= banks_) banks.push_back(aligned);
    }
    std::sort(banks.begin(), banks.end());
    banks.erase(std::unique(banks.begin(), banks.end()), banks.end());
    return banks;
  }

  // Below which nothing of these banks is free for as long as the rectangle lives.
  int LowestBase(int index, int bank) const {
    std::vector<std::pair<int, int>> taken;  // positions, half open
    for (const int other : placed_) {
      const Corner& corner = result_.corners[other];
      const bool apart =
          corner.bank + rectangles_[other].banks <= bank || bank + rectangles_[index].banks <= corner.bank;
      if (apart || !LiveTogether(rectangles_[index], rectangles_[other])) continue;
      taken.emplace_back(corner.base, corner.base + rectangles_[other].positions);
    }
    std::sort(taken.begin(), taken.end());
    int base = 0;
    for (const auto& [begin, end] : taken) {
      if (base + rectangles_[index].positions <= begin) break;
      base = std::max(base, end);
    }
    return base;
  }

  const std::span<const Rectangle> rectangles_;
  const int banks_, alignment_;
  std::vector<int> placed_;
  Placement result_;
};

}  // namespace

Placement PlaceRectangles(std::span<const Rectangle> rectangles, int banks, int alignment) {
  assert(std::all_of(rectangles.begin(), rectangles.end(), [&](const Rectangle& r) { return r.banks <= banks; }));
  Placer placer(rectangles, banks, alignment);
  std::vector<int> order(rectangles.size());
  std::iota(order.begin(), order.end(), 0);
  Placement best = placer.Place(order);
  const auto try_largest_first = [&](auto size) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return size(rectangles[a]) > size(rectangles[b]); });
    if (Placement other = placer.Place(order); other.positions < best.positions) best = std::move(other);
  };
  try_largest_first([](const Rectangle& r) { return int64_t{r.positions} * r.banks; });
  try_largest_first([](const Rectangle& r) { return int64_t{r.positions}; });
  return best;
}

}  // namespace colonnade::machine
