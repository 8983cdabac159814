// SPDX-License-Identifier: Apache-2.0
#include "server/machine/place_rectangles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace colonnade::machine {
namespace {

// Paints every step of every rectangle, bank by bank and position by position.
bool Overlap(const std::vector<Rectangle>& rectangles, const Placement& placement) {
  std::map<std::array<int, 3>, size_t> owner;  // step, bank, position
  for (size_t i = 0; i < rectangles.size(); ++i) {
    const Rectangle& r = rectangles[i];
    for (int step = r.first_step; step <= r.last_step; ++step) {
      for (int cell = 0; cell < r.banks * r.positions; ++cell) {
        const std::array at{step, placement.corners[i].bank + cell % r.banks,
                            placement.corners[i].base + cell / r.banks};
        if (!owner.emplace(at, i).second) return true;
      }
    }
  }
  return false;
}

int HighestEnd(const std::vector<Rectangle>& rectangles, const Placement& placement) {
  int end = 0;
  for (size_t i = 0; i < rectangles.size(); ++i) {
    end = std::max(end, placement.corners[i].base + rectangles[i].positions);
  }
  return end;
}

TEST(PlaceRectangles, NoTwoMeetAndNoneLeavesTheMemory) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const int banks = 1 << random() % 5, alignment = 1 + int(random() % 2);
    std::vector<Rectangle> rectangles;
    for (size_t i = 0; i < 1 + random() % 20; ++i) {
      const int step = int(random() % 12);
      rectangles.push_back({1 + int(random() % 20), 1 + int(random() % banks), step, step + int(random() % 4)});
    }
    const Placement placement = PlaceRectangles(rectangles, banks, alignment);
    EXPECT_FALSE(Overlap(rectangles, placement));
    EXPECT_EQ(placement.positions, HighestEnd(rectangles, placement));
    for (size_t i = 0; i < rectangles.size(); ++i) {
      EXPECT_EQ(placement.corners[i].bank % alignment, 0);
      EXPECT_LE(placement.corners[i].bank + rectangles[i].banks, banks);
    }
  }
}

TEST(PlaceRectangles, TensorsLieSideBySideInTheBanks) {
  const Placement placement = PlaceRectangles(std::vector<Rectangle>(8, {1024, 2, 0, 0}), 16, 1);
  EXPECT_EQ(placement.positions, 1024);
}

TEST(PlaceRectangles, WhatIsNoLongerReadMakesRoom) {
  const std::vector<Rectangle> chain = {{100, 4, -1, 0}, {100, 4, 0, 1}, {100, 4, 1, 2}, {100, 4, 2, 3}};
  EXPECT_EQ(PlaceRectangles(chain, 4, 1).positions, 200);
}

TEST(PlaceRectangles, LargeOnesGoFirst) {
  // In the order of time the small one would lie below the large one, which then reaches to 110.
  const std::vector<Rectangle> tensors = {{10, 1, 0, 1}, {100, 1, 1, 2}, {90, 1, 2, 3}, {100, 1, 3, 4}};
  EXPECT_EQ(PlaceRectangles(tensors, 1, 1).positions, 190);
}

TEST(PlaceRectangles, BlocksBeginAtTheirAlignment) {
  const Placement placement = PlaceRectangles(std::vector<Rectangle>(4, {5, 1, 0, 0}), 4, 2);
  EXPECT_EQ(placement.positions, 10);
}

}  // namespace
}  // namespace colonnade::machine
