// SPDX-License-Identifier: Apache-2.0
// The moves of the search: how a grouping of one mixing class is improved step by step.
// What a group keeps is always summed in the same order, so it does not depend on the way
// there; every move makes the sum over the groups grow, and so none is ever taken back.
#pragma once

#include <cstdint>
#include <random>

#include "server/packing/search_board.h"

namespace colonnade::packing {

// The share of what its groups keep that a move must gain; less is taken for rounding.
inline constexpr float kLeastGain = 1e-6f;

// Rows compared, counted down: the measure of a search's work, the same on every machine.
struct WorkLeft {
  int64_t rows = 0;

  bool Spend(int64_t more) {
    rows -= more;
    return rows >= 0;
  }
};

// Exchanges two items of different groups as long as that keeps more, until no exchange
// does or no work is left.
void ExchangePairs(SearchBoard& board, WorkLeft& left);

// Up to `rounds` times draws one item of each group and moves them round cycles of groups
// while that keeps more; ends early when no draw has helped for long, or no work is left.
void ExchangeCycles(int rounds, SearchBoard& board, std::mt19937_64& random, WorkLeft& left);

}  // namespace colonnade::packing
