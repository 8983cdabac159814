// SPDX-License-Identifier: Apache-2.0
#include "server/packing/allocate_alpha.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <random>

#include "server/base/status.h"

namespace colonnade::packing {
namespace {

using ::testing::HasSubstr;

constexpr Resource kAll[] = {Resource::kTiles, Resource::kCycles, Resource::kColumns, Resource::kLoss};

double Get(const Allocation& sum, Resource resource) {
  if (resource == Resource::kTiles) return double(sum.tiles);
  if (resource == Resource::kCycles) return double(sum.cycles);
  return resource == Resource::kColumns ? double(sum.columns) : sum.loss;
}

// Larger alphas need less and lose more, most of the time. Losses are multiples of 1/1000.
std::vector<LayerChoices> RandomTable(uint64_t seed, int layers, int most_choices) {
  std::mt19937_64 random(seed);
  const auto pick = [&](int low, int high) { return low + int(random() % uint64_t(high - low + 1)); };
  std::vector<LayerChoices> table;
  for (int i = 0; i < layers; ++i) {
    LayerChoices& layer = table.emplace_back(LayerChoices{"layer" + std::to_string(i), {}});
    const int choices = pick(1, most_choices);
    for (int k = 0, loss = 0; k < choices; ++k, loss += pick(0, 20)) {
      const int64_t columns = 64 / (1 << k) + pick(0, 9);
      layer.choices.push_back(
          {1 << k, columns, columns / 4 + 1, columns * 10 + pick(0, 99), columns * 16, loss / 1000.0});
    }
  }
  return table;
}

Allocation SumOf(const std::vector<LayerChoices>& table, const std::vector<int>& chosen) {
  Allocation sum{chosen};
  for (size_t i = 0; i < table.size(); ++i) {
    const AlphaChoice& choice = table[i].choices[size_t(chosen[i])];
    sum.columns += choice.columns;
    sum.tiles += choice.tiles;
    sum.cycles += choice.cycles;
    sum.loss += choice.loss;
  }
  return sum;
}

// What is to be least, of all combinations within the limit.
std::optional<double> BruteForce(const std::vector<LayerChoices>& table, Resource resource, double most) {
  std::optional<double> best;
  std::vector<int> chosen(table.size(), 0);
  for (size_t place = 0; place < table.size();) {
    const Allocation sum = SumOf(table, chosen);
    const double cost = resource == Resource::kLoss ? double(sum.cycles) : sum.loss;
    if (Get(sum, resource) <= most + 1e-9 && (!best || cost < *best)) best = cost;
    for (place = 0; place < table.size(); ++place) {
      if (++chosen[place] < int(table[place].choices.size())) break;
      chosen[place] = 0;
    }
  }
  return best;
}

TEST(AllocateAlpha, IsAsGoodAsTryingEverything) {
  int impossible = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto table = RandomTable(seed, int(seed % 6) + 1, 5);
    const std::vector<Allocation> ends = ParetoList(table, Resource::kColumns);
    for (const Resource resource : kAll) {
      const double low = Get(ends.back(), resource), high = Get(ends.front(), resource);
      const double most = low + (high - low) * double(seed % 13 - 1) / 11;
      const auto best = BruteForce(table, resource, most);
      const auto found = AllocateAlpha(table, {resource, most, "limit"});
      ASSERT_EQ(found.ok(), best.has_value()) << seed << ": " << found.status();
      impossible += !best;
      if (!best) continue;
      EXPECT_LE(Get(*found, resource), most + 1e-9);
      EXPECT_NEAR(resource == Resource::kLoss ? double(found->cycles) : found->loss, *best, 1e-9) << "seed " << seed;
    }
  }
  EXPECT_GT(impossible, 10);
}

// Least loss for exactly so many tiles, a layer at a time.
double LeastLoss(const std::vector<LayerChoices>& table, int most) {
  std::vector<double> loss(size_t(most) + 1, std::numeric_limits<double>::infinity());
  loss[0] = 0;
  for (const LayerChoices& layer : table) {
    std::vector<double> next(loss.size(), std::numeric_limits<double>::infinity());
    for (const AlphaChoice& choice : layer.choices) {
      for (size_t i = size_t(choice.tiles); i < loss.size(); ++i) {
        next[i] = std::min(next[i], loss[i - size_t(choice.tiles)] + choice.loss);
      }
    }
    loss = next;
  }
  return *std::min_element(loss.begin(), loss.end());
}

TEST(AllocateAlpha, SolvesDeepNetworks) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto table = RandomTable(seed, 120, 5);
    const std::vector<Allocation> ends = ParetoList(table, Resource::kTiles);
    const int64_t most = (ends.front().tiles + ends.back().tiles) / 2;
    const auto found = AllocateAlpha(table, {Resource::kTiles, double(most), "limit"});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_NEAR(found->loss, LeastLoss(table, int(most)), 1e-9) << "seed " << seed;
  }
}

// Every layer saves as many cycles per loss: no bound tells allocations apart, and nearly
// all of 2^60 sums differ. The best takes as much of the allowed loss as it can.
TEST(AllocateAlpha, SettlesForNearlyTheBestWhereSumsAreTooMany) {
  std::mt19937_64 random(5);
  std::vector<LayerChoices> table;
  for (int i = 0; i < 60; ++i) {
    const auto cost = int64_t(random() % 1'000'000'000'000);
    table.push_back(
        {"layer", {{1, 1, 1, 2'000'000'000'000, 0, 0}, {2, 1, 1, 2'000'000'000'000 - cost, 0, cost * 1e-12}}});
  }
  const auto start = std::chrono::steady_clock::now();
  const auto found = AllocateAlpha(table, {Resource::kLoss, 10.0, "limit"});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_LE(found->loss, 10.0 + 1e-7);
  EXPECT_GT(found->loss, 10.0 - 1e-4);
}

TEST(AllocateAlpha, EqualLossIsSettledByCyclesAndEqualCyclesByColumns) {
  const std::vector<LayerChoices> table = {
      {"a", {{1, 9, 3, 90, 0, 0.0}, {2, 9, 3, 80, 0, 0.0}, {4, 5, 3, 80, 0, 0.1}}}};
  EXPECT_EQ(AllocateAlpha(table, {Resource::kTiles, 3, "limit"})->chosen, std::vector<int>{1});
  EXPECT_EQ(AllocateAlpha(table, {Resource::kLoss, 0.1, "limit"})->chosen, std::vector<int>{2});
}

TEST(AllocateAlpha, DropsThatAddUpToTheLimitFit) {
  const LayerChoices layer{"a", {{1, 8, 8, 8, 0, 0.0}, {8, 1, 1, 1, 0, 0.1}}};
  const auto found = AllocateAlpha({layer, layer, layer}, {Resource::kLoss, 0.3, "limit"});  // 0.1 + 0.1 + 0.1 > 0.3
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->cycles, 3);
}

TEST(AllocateAlpha, NamesTheLimitAndTheLeastThatIsPossible) {
  const LayerChoices layer{"a", {{1, 8, 8, 8, 0, 0.0}, {8, 1, 2, 1, 0, 0.1}}};
  const absl::Status status = AllocateAlpha({layer, layer}, {Resource::kTiles, 3, "recipe.packing.max_tiles"}).status();
  EXPECT_EQ(FieldOf(status), "recipe.packing.max_tiles");
  EXPECT_THAT(status.ToString(), HasSubstr("is 3; the least possible is 4"));
}

TEST(AllocateAlpha, RefusesTablesThatMakeNoSense) {
  const auto refusal = [](const LayerChoices& layer) {
    return AllocateAlpha({layer}, {Resource::kTiles, 100, "limit"}).status().ToString();
  };
  EXPECT_THAT(refusal({"a", {}}), HasSubstr("layer 'a': no alpha to choose from"));
  EXPECT_THAT(refusal({"a", {{1, 8, 8, 8, 0, -0.1}}}), HasSubstr("layer 'a': alpha 1"));
  EXPECT_THAT(refusal({"a", {{2, 8, -8, 8, 0, 0}}}), HasSubstr("alpha 2 needs 8 columns, -8 tiles"));
  EXPECT_THAT(refusal({"a", {{2, 8, 8, 8, 0, std::numeric_limits<double>::quiet_NaN()}}}), HasSubstr("finite"));
}

TEST(ParetoList, LeadsFromAllDenseToTheLargestAlphas) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto table = RandomTable(seed, 8, 5);
    const std::vector<Allocation> list = ParetoList(table, Resource::kCycles);
    for (size_t i = 0; i < table.size(); ++i) {
      EXPECT_EQ(list.front().chosen[i], 0);
      EXPECT_EQ(list.back().chosen[i], int(table[i].choices.size()) - 1);
    }
    for (size_t i = 1; i + 1 < list.size(); ++i) EXPECT_LT(list[i].cycles, list[i - 1].cycles);
  }
}

TEST(ParetoList, HoldsTheBestAllocationForEachOfItsSizes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto table = RandomTable(seed, 8, 5);
    std::vector<Allocation> list = ParetoList(table, Resource::kTiles);
    list.pop_back();  // all at their largest alpha, whether that pays or not
    for (const Allocation& point : list) {
      const auto best = AllocateAlpha(table, {Resource::kTiles, double(point.tiles), "limit"});
      ASSERT_TRUE(best.ok()) << best.status();
      EXPECT_NEAR(best->loss, point.loss, 1e-9) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace colonnade::packing
