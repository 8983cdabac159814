// SPDX-License-Identifier: Apache-2.0
#include "server/packing/allocate_alpha_knapsack.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace colonnade::packing::knapsack {

// Each layer offers items with a weight (what is limited) and a cost (what should be
// small). Three steps choose one of each.
//
//   hull     In each layer only choices on the lower convex hull of (weight, cost) matter
//            to the relaxed problem, in which a layer may be split between two choices:
//
//              cost  x                 from the lightest choice on, each step right
//                      .   o           saves less cost per weight than the one before;
//                         x  .  x      o is not on the hull
//                                weight
//
//            The relaxed optimum takes steps of all layers, best ratio first, until the
//            limit. It bounds the true one from below, for any rest of the layers.
//   greedy   The same walk, without the steps that do not fit: a first solution.
//   exact    Layer by layer all sums (weight, cost) that no other sum beats in both. A sum
//            is dropped when the bound of the layers to come cannot bring it below the
//            greedy solution. Nothing else is lost, so the best sum left is the optimum.
//
// The number of sums is at most that of different weights; with the bound a few thousand
// for networks of a hundred layers. Only when more than kMaxSums remain, the range of
// weights is cut into that many parts, and of each the most promising sum goes on. Then
// the result is no longer proven optimal, but still at least as good as the greedy one,
// which is worse than the optimum by at most the cost that one step of one layer saves.
namespace {

constexpr size_t kMaxSums = 1 << 15;
constexpr double kRounding = 1e-9;  // relative, of sums of costs

// The relaxed problem over some of the layers.
class Relaxation {
 public:
  Relaxation(std::vector<Step> steps, double least_weight, double its_cost) : weights_{least_weight}, costs_{its_cost} {
    SortByRatio(steps);
    for (const Step& step : steps) {
      weights_.push_back(weights_.back() + step.weight);
      costs_.push_back(costs_.back() - step.saved);
    }
  }

  double least_weight() const { return weights_.front(); }

  // No choices that weigh at most `limit` cost less. REQUIRES: limit >= least_weight().
  double Bound(double limit) const {
    const auto above = size_t(std::upper_bound(weights_.begin(), weights_.end(), limit) - weights_.begin());
    if (above == weights_.size()) return costs_.back();
    const double share = (limit - weights_[above - 1]) / (weights_[above] - weights_[above - 1]);
    return costs_[above - 1] + share * (costs_[above] - costs_[above - 1]);
  }

 private:
  std::vector<double> weights_, costs_;  // after 0, 1, 2, ... steps
};

class Solver {
 public:
  Solver(const std::vector<std::vector<Item>>& layers, double limit) : layers_(layers), limit_(limit) {
    std::vector<Step> steps;
    double weight = 0, cost = 0;
    rest_.emplace_back(steps, weight, cost);
    for (int i = int(layers_.size()) - 1; i >= 0; --i) {
      const std::vector<Item>& items = layers_[size_t(i)];
      const std::vector<Step> more = HullSteps(items, i);
      steps.insert(steps.begin(), more.begin(), more.end());
      weight += items[0].weight;
      cost += items[0].cost.first;
      rest_.emplace_back(steps, weight, cost);
    }
    std::reverse(rest_.begin(), rest_.end());
    SortByRatio(steps);
    steps_ = std::move(steps);
  }

  std::vector<int> Run() {
    std::vector<int> best = Greedy();
    best_cost_ = CostOf(best);
    std::vector<Sum> sums = {{0, {}, -1}};
    for (size_t layer = 0; layer < layers_.size(); ++layer) sums = Extend(sums, layer);
    for (const Sum& sum : sums) {
      if (!(sum.cost < best_cost_)) continue;
      best_cost_ = sum.cost;
      best = ItemsUpTo(sum.trace);
    }
    return best;
  }

 private:
  struct Sum {
    double weight = 0;
    Cost cost;
    int trace = -1;  // how it came about
  };

  struct Trace {
    int before = -1, item = 0;
  };

  std::vector<int> Greedy() const {
    std::vector<int> items(layers_.size(), 0);
    std::vector<bool> stopped(layers_.size(), false);
    double weight = rest_[0].least_weight();
    for (const Step& step : steps_) {
      if (stopped[size_t(step.layer)]) continue;
      stopped[size_t(step.layer)] = weight + step.weight > limit_;
      if (stopped[size_t(step.layer)]) continue;
      weight += step.weight;
      items[size_t(step.layer)] = step.to;
    }
    return items;
  }

  Cost CostOf(const std::vector<int>& items) const {
    Cost cost;
    for (size_t i = 0; i < items.size(); ++i) cost = cost + layers_[i][size_t(items[i])].cost;
    return cost;
  }

  std::vector<Sum> Extend(const std::vector<Sum>& sums, size_t layer) {
    const Relaxation& rest = rest_[layer + 1];
    const double worst = best_cost_.first + kRounding * std::max(1.0, std::abs(best_cost_.first));
    std::vector<Sum> extended;
    for (const Sum& sum : sums) {
      for (size_t item = 0; item < layers_[layer].size(); ++item) {
        const double weight = sum.weight + layers_[layer][item].weight;
        const Cost cost = sum.cost + layers_[layer][item].cost;
        if (weight + rest.least_weight() > limit_) break;
        if (cost.first + rest.Bound(limit_ - weight) > worst) continue;
        extended.push_back({weight, cost, int(traces_.size())});
        traces_.push_back({sum.trace, int(item)});
      }
    }
    std::stable_sort(extended.begin(), extended.end(), [](const Sum& a, const Sum& b) {
      return std::tie(a.weight, a.cost) < std::tie(b.weight, b.cost);
    });
    return Thin(Undominated(extended), rest);
  }

  static std::vector<Sum> Undominated(const std::vector<Sum>& sums) {
    std::vector<Sum> kept;
    for (const Sum& sum : sums) {
      if (kept.empty() || sum.cost < kept.back().cost) kept.push_back(sum);
    }
    return kept;
  }

  std::vector<Sum> Thin(std::vector<Sum> sums, const Relaxation& rest) const {
    if (sums.size() <= kMaxSums) return sums;
    const double width = (sums.back().weight - sums.front().weight) / double(kMaxSums);
    const auto promise = [&](const Sum& sum) { return sum.cost.first + rest.Bound(limit_ - sum.weight); };
    std::vector<Sum> kept;
    double end = sums.front().weight;
    for (const Sum& sum : sums) {
      if (sum.weight >= end) {
        kept.push_back(sum);
        end = sum.weight + width;
      } else if (promise(sum) < promise(kept.back())) {
        kept.back() = sum;
      }
    }
    return kept;
  }

  std::vector<int> ItemsUpTo(int trace) const {
    std::vector<int> items;
    for (; trace >= 0; trace = traces_[size_t(trace)].before) items.push_back(traces_[size_t(trace)].item);
    std::reverse(items.begin(), items.end());
    return items;
  }

  const std::vector<std::vector<Item>>& layers_;
  const double limit_;
  std::vector<Relaxation> rest_;  // [i] over layers i and later
  std::vector<Step> steps_;       // of all layers
  std::vector<Trace> traces_;
  Cost best_cost_;
};

}  // namespace

std::vector<Step> HullSteps(const std::vector<Item>& items, int layer) {
  std::vector<int> hull;
  const auto step = [&](int from, int to) {
    return Step{items[size_t(to)].weight - items[size_t(from)].weight,
                items[size_t(from)].cost.first - items[size_t(to)].cost.first, layer, to};
  };
  for (int i = 0; i < int(items.size()); ++i) {
    while (hull.size() > 1 && step(hull[hull.size() - 2], hull.back()).ratio() <= step(hull.back(), i).ratio()) {
      hull.pop_back();
    }
    hull.push_back(i);
  }
  std::vector<Step> steps;
  for (size_t i = 1; i < hull.size(); ++i) steps.push_back(step(hull[i - 1], hull[i]));
  return steps;
}

void SortByRatio(std::vector<Step>& steps) {
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.ratio() > b.ratio(); });
}

double LeastWeight(const std::vector<std::vector<Item>>& layers) {
  double weight = 0;
  for (const std::vector<Item>& items : layers) weight += items[0].weight;
  return weight;
}

std::vector<int> Solve(const std::vector<std::vector<Item>>& layers, double limit) {
  return Solver(layers, limit).Run();
}

}  // namespace colonnade::packing::knapsack
