// SPDX-License-Identifier: Apache-2.0
// Union-find over 0 .. n-1.
#pragma once

#include <numeric>
#include <vector>

namespace colonnade {

// Begins with n sets of one element each; Join() makes two sets one. Every operation
// takes amortized logarithmic time. Not thread-safe, Find() included.
class DisjointSets {
 public:
  explicit DisjointSets(int n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0); }

  // The representative of x's set: equal for x and y exactly when they are joined.
  int Find(int x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }

  // The representative of b's set stays the representative.
  void Join(int a, int b) { parent_[Find(a)] = Find(b); }

 private:
  std::vector<int> parent_;
};

}  // namespace colonnade
