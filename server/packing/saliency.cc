// SPDX-License-Identifier: Apache-2.0
#include "server/packing/saliency.h"

#include <functional>
#include <vector>

#include "server/packing/packing_items.h"

namespace colonnade::packing {
namespace {

// The sum of the `count` largest.
double SumOfLargest(std::vector<double>& values, size_t count) {
  if (count < values.size()) {
    std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(count), values.end(), std::greater<>());
  }
  double sum = 0;
  for (size_t i = 0; i < std::min(count, values.size()); ++i) sum += values[i];
  return sum;
}

// Of the columns of some items that lie in one section.
double BoundOfSection(const PackingProblem& problem, const std::vector<int>& columns, size_t groups) {
  double bound = 0;
  std::vector<double> values;
  for (int row = 0; row < problem.matrix.rows; ++row) {
    values.clear();
    for (const int column : columns) values.push_back(SaliencyAt(problem, row, column));
    bound += SumOfLargest(values, groups);
  }
  return bound;
}

}  // namespace

double TotalSaliency(const PackingProblem& problem) {
  double total = 0;
  for (int row = 0; row < problem.matrix.rows; ++row) {
    for (int column = 0; column < problem.matrix.columns; ++column) total += SaliencyAt(problem, row, column);
  }
  return total;
}

double KeptSaliency(const PackingProblem& problem, const Grouping& grouping) {
  double kept = 0;
  for (int row = 0; row < problem.matrix.rows; ++row) {
    for (const std::vector<int>& group : grouping.groups) {
      double largest = 0;
      for (const int column : group) largest = std::max(largest, SaliencyAt(problem, row, column));
      kept += largest;
    }
  }
  return kept;
}

double SaliencyBound(const PackingProblem& problem) {
  const Items items = MakeItems(problem);
  double bound = 0;
  for (int mixing_class = 0; mixing_class < items.mixing_classes; ++mixing_class) {
    size_t members = 0;
    std::vector<std::vector<int>> columns(static_cast<size_t>(items.sections));
    for (const Item& item : items.all) {
      if (item.mixing_class != mixing_class) continue;
      ++members;
      for (int section = 0; section < items.sections; ++section) {
        if (item.columns[size_t(section)] >= 0) columns[size_t(section)].push_back(item.columns[size_t(section)]);
      }
    }
    const size_t groups = (members + size_t(problem.alpha) - 1) / size_t(problem.alpha);
    for (const std::vector<int>& of_section : columns) bound += BoundOfSection(problem, of_section, groups);
  }
  return bound;
}

Grouping GroupInFileOrder(const PackingProblem& problem) {
  const Items items = MakeItems(problem);
  return ToGrouping(items, BlocksInFileOrder(items, problem.alpha));
}

}  // namespace colonnade::packing
