// SPDX-License-Identifier: Apache-2.0
// Room in the activation memory for tensors that live for a while.
#pragma once

#include <span>
#include <vector>

namespace colonnade::machine {

// What a tensor takes: banks by positions, from one step to another, both included.
struct Rectangle {
  int positions = 1;
  int banks = 1;
  int first_step = 0, last_step = 0;
};

struct Corner {
  int base = 0;  // first position
  int bank = 0;  // first bank
};

struct Placement {
  std::vector<Corner> corners;  // by rectangle
  int positions = 0;            // that all of them reach to
};

// No two rectangles that live in the same step share a bank at a position. First banks are multiples
// of `alignment`. How few positions this needs is a choice (see the source), the same for the same
// rectangles. REQUIRES: no rectangle has more than `banks` banks.
Placement PlaceRectangles(std::span<const Rectangle> rectangles, int banks, int alignment);

}  // namespace colonnade::machine
