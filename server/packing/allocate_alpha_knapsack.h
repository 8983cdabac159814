// SPDX-License-Identifier: Apache-2.0
// A multiple-choice knapsack: one item of each layer, so that weights keep within a limit
// and the cost is least. Private to packing/.
#pragma once

#include <compare>
#include <vector>

namespace colonnade::packing::knapsack {

// Compared in order: what is to be least, then what decides ties.
struct Cost {
  double first = 0, second = 0;

  friend auto operator<=>(const Cost&, const Cost&) = default;
  friend Cost operator+(const Cost& a, const Cost& b) { return {a.first + b.first, a.second + b.second}; }
};

// One of a layer's choices. Weights and costs are finite.
struct Item {
  double weight = 0;
  Cost cost;
  int index = 0;  // in the caller's list of choices
};

// From one item of a layer to a later one.
struct Step {
  double weight = 0, saved = 0;  // more weight, less first cost
  int layer = 0;
  int to = 0;  // the item reached

  double ratio() const { return saved / weight; }
};

// The steps along the lower convex hull of (weight, first cost), ratios falling.
// REQUIRES: weights do not fall and costs do, from item to item.
std::vector<Step> HullSteps(const std::vector<Item>& items, int layer);

// Largest ratio first; equal ones stay in order.
void SortByRatio(std::vector<Step>& steps);

// The least weight that any choice of items has.
double LeastWeight(const std::vector<std::vector<Item>>& layers);

// For each layer the position of its item. What is guaranteed: see the .cc.
// REQUIRES: LeastWeight(layers) <= limit; within a layer weights rise and costs fall.
std::vector<int> Solve(const std::vector<std::vector<Item>>& layers, double limit);

}  // namespace colonnade::packing::knapsack
