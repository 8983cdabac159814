// SPDX-License-Identifier: Apache-2.0
#include "server/packing/allocate_alpha.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "server/base/status.h"
#include "server/packing/allocate_alpha_knapsack.h"

namespace colonnade::packing {
namespace {

using knapsack::Cost;
using knapsack::Item;
using knapsack::Step;

constexpr double kRounding = 1e-9;  // of a sum of losses

double Get(const AlphaChoice& choice, Resource resource) {
  switch (resource) {
    case Resource::kTiles: return double(choice.tiles);
    case Resource::kCycles: return double(choice.cycles);
    case Resource::kColumns: return double(choice.columns);
    case Resource::kLoss: break;
  }
  return choice.loss;
}

// A layer's choices without those that another beats, lightest first, cost falling.
std::vector<Item> ItemsOf(const LayerChoices& layer, Resource limited) {
  std::vector<Item> all, kept;
  for (size_t i = 0; i < layer.choices.size(); ++i) {
    const AlphaChoice& choice = layer.choices[i];
    const Cost cost = limited == Resource::kLoss ? Cost{double(choice.cycles), double(choice.columns)}
                                                 : Cost{choice.loss, double(choice.cycles)};
    all.push_back({Get(choice, limited), cost, int(i)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Item& a, const Item& b) {
    return std::tie(a.weight, a.cost) < std::tie(b.weight, b.cost);
  });
  for (const Item& item : all) {
    if (kept.empty() || item.cost < kept.back().cost) kept.push_back(item);
  }
  return kept;
}

absl::Status Check(const std::vector<LayerChoices>& layers) {
  for (const LayerChoices& layer : layers) {
    if (layer.choices.empty()) {
      return absl::InvalidArgumentError(fmt::format("layer '{}': no alpha to choose from", layer.name));
    }
    for (const AlphaChoice& choice : layer.choices) {
      const bool sound = choice.columns >= 0 && choice.tiles >= 0 && choice.cycles >= 0 && choice.loss >= 0;
      if (sound && std::isfinite(choice.loss)) continue;
      return absl::InvalidArgumentError(
          fmt::format("layer '{}': alpha {} needs {} columns, {} tiles, {} cycles and "
                      "loses {}; all must be finite and not negative",
                      layer.name, choice.alpha, choice.columns, choice.tiles, choice.cycles, choice.loss));
    }
  }
  return absl::OkStatus();
}

Allocation AllocationOf(const std::vector<LayerChoices>& layers, std::vector<int> chosen) {
  Allocation sum;
  for (size_t i = 0; i < layers.size(); ++i) {
    const AlphaChoice& choice = layers[i].choices[size_t(chosen[i])];
    sum.columns += choice.columns;
    sum.tiles += choice.tiles;
    sum.cycles += choice.cycles;
    sum.nonzeros += choice.nonzeros;
    sum.loss += choice.loss;
  }
  sum.chosen = std::move(chosen);
  return sum;
}

// The choices of smallest and of largest alpha.
std::pair<int, int> Ends(const LayerChoices& layer) {
  const auto [least, most] =
      std::minmax_element(layer.choices.begin(), layer.choices.end(),
                          [](const AlphaChoice& a, const AlphaChoice& b) { return a.alpha < b.alpha; });
  return {int(least - layer.choices.begin()), int(most - layer.choices.begin())};
}

// From the choice `dense` on: weight is loss, cost is what is gained.
std::vector<Item> ParetoItems(const LayerChoices& layer, Resource by, int dense) {
  std::vector<Item> items = {{layer.choices[size_t(dense)].loss, {Get(layer.choices[size_t(dense)], by), 0}, dense}};
  std::vector<Item> all;
  for (size_t i = 0; i < layer.choices.size(); ++i) {
    all.push_back({layer.choices[i].loss, {Get(layer.choices[i], by), 0}, int(i)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Item& a, const Item& b) { return a.weight < b.weight; });
  for (const Item& item : all) {
    if (item.weight >= items.back().weight && item.cost < items.back().cost) items.push_back(item);
  }
  return items;
}

}  // namespace

absl::StatusOr<Allocation> AllocateAlpha(const std::vector<LayerChoices>& layers, const AlphaLimit& limit) {
  COLONNADE_RETURN_IF_ERROR(Check(layers));
  std::vector<std::vector<Item>> items;
  for (const LayerChoices& layer : layers) items.push_back(ItemsOf(layer, limit.resource));
  const double slack = limit.resource == Resource::kLoss ? kRounding * (1 + limit.most) : 0;
  const double least = knapsack::LeastWeight(items);
  if (!(least <= limit.most + slack)) {
    return InvalidField(limit.field, fmt::format("is {}; the least possible is {}", limit.most, least));
  }
  std::vector<int> chosen = knapsack::Solve(items, limit.most + slack);
  for (size_t i = 0; i < chosen.size(); ++i) chosen[i] = items[i][size_t(chosen[i])].index;
  return AllocationOf(layers, std::move(chosen));
}

std::vector<Allocation> ParetoList(const std::vector<LayerChoices>& layers, Resource by) {
  if (by == Resource::kLoss) by = Resource::kCycles;
  std::vector<int> chosen, last;
  std::vector<std::vector<Item>> items;
  std::vector<Step> steps;
  for (const LayerChoices& layer : layers) {
    const auto [dense, most] = Ends(layer);
    chosen.push_back(dense);
    last.push_back(most);
    items.push_back(ParetoItems(layer, by, dense));
    const std::vector<Step> of_layer = knapsack::HullSteps(items.back(), int(items.size()) - 1);
    steps.insert(steps.end(), of_layer.begin(), of_layer.end());
  }
  knapsack::SortByRatio(steps);
  std::vector<Allocation> list = {AllocationOf(layers, chosen)};
  for (const Step& step : steps) {
    chosen[size_t(step.layer)] = items[size_t(step.layer)][size_t(step.to)].index;
    list.push_back(AllocationOf(layers, chosen));
  }
  if (chosen != last) list.push_back(AllocationOf(layers, last));
  return list;
}

}  // namespace colonnade::packing
