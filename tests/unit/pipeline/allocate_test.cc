// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/allocate.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/array/array_program.h"
#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "tests/support/random_network.h"
#include "tests/support/recipes.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::pipeline {
namespace {

using testing::HasSubstr;

class AllocateAlphasTest : public testing::Test {
 protected:
  void SetUp() override {
    auto plans = PlanLayers(network_, settings_);
    ASSERT_TRUE(plans.ok()) << plans.status();
    plans_ = *plans;
    ASSERT_GT(plans_.size(), 4u);
  }

  absl::StatusOr<AlphaAllocation> Allocate() {
    return AllocateAlphas(network_, settings_, array_, rules_, probe_, plans_);
  }

  // Tiles with every layer at one alpha.
  int64_t TilesAt(int choice) {
    v1::PackingSettings unlimited = settings_;
    unlimited.set_max_tiles(1'000'000);
    std::vector<LayerPlan> plans = plans_;
    const auto allocation = AllocateAlphas(network_, unlimited, array_, rules_, probe_, plans);
    EXPECT_TRUE(allocation.ok()) << allocation.status();
    int64_t tiles = 0;
    for (const packing::LayerChoices& layer : allocation->table) {
      tiles += (choice < 0 ? layer.choices.back() : layer.choices[size_t(choice)]).tiles;
    }
    return tiles;
  }

  array::ArrayProgram CompiledAsPlanned() {
    nn::Network packed = network_;
    auto combined = CombineColumns(plans_, {1, true, 0, 4, 3.0, 0}, rules_, packed);
    EXPECT_TRUE(combined.ok()) << combined.status();
    const std::vector<quant::Image> images = {RandomImage(packed.input_shape(), 1)};
    auto quantized = quant::Quantize(packed, quant::Calibrate(packed, images));
    EXPECT_TRUE(quantized.ok()) << quantized.status();
    auto program = compiler::Compile(*quantized, combined->groupings, array_);
    EXPECT_TRUE(program.ok()) << program.status();
    return *program;
  }

  nn::Network network_ = RandomNetwork(7, {8, false, false});
  v1::PackingSettings settings_ = ResolvedRecipe(4).packing();
  array::ArrayConfig array_ = {.rows = 2, .columns = 3};
  CombineRules rules_;
  int probed_ = 0;
  AccuracyProbe probe_ = [this](const nn::Network&) {
    ++probed_;
    return 0.9;
  };
  std::vector<LayerPlan> plans_;
};

TEST_F(AllocateAlphasTest, WithoutALimitNothingChanges) {
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_TRUE(allocation->empty());
  for (const LayerPlan& plan : plans_) EXPECT_EQ(plan.alpha, 4);
}

TEST_F(AllocateAlphasTest, TheCompiledProgramKeepsWithinTheLimit) {
  const int64_t most = (TilesAt(0) + TilesAt(-1)) / 2;
  settings_.set_max_tiles(most);
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_GT(allocation->chosen.tiles, most / 2);
  const array::ArrayProgram program = CompiledAsPlanned();
  EXPECT_LE(array::SizeOf(program).tiles, most);
  // What quantization rounds to zero can only save columns and tiles.
  EXPECT_LE(array::SizeOf(program).columns, allocation->chosen.columns);
  EXPECT_LE(program.cycles.total(), allocation->chosen.cycles);
  EXPECT_GE(program.cycles.total(), allocation->chosen.cycles * 9 / 10);
  EXPECT_EQ(probed_, 0);
}

TEST_F(AllocateAlphasTest, LayersGetDifferentAlphas) {
  settings_.set_max_tiles((TilesAt(0) + TilesAt(-1)) / 2);
  ASSERT_TRUE(Allocate().ok());
  std::map<int, int> layers_of;
  for (const LayerPlan& plan : plans_) ++layers_of[plan.alpha];
  EXPECT_GT(layers_of.size(), 1u);
}

TEST_F(AllocateAlphasTest, ImpossibleLimitsNameTheField) {
  settings_.set_max_tiles(1);
  const absl::Status status = Allocate().status();
  EXPECT_EQ(FieldOf(status), "recipe.packing.max_tiles");
  EXPECT_THAT(status.ToString(), HasSubstr("is 1; the least possible is " + std::to_string(TilesAt(-1))));
}

TEST_F(AllocateAlphasTest, SensitiveLayersStayDense) {
  const std::string sensitive = plans_[2].name;
  probe_ = [&](const nn::Network& pruned) {
    ++probed_;
    const auto& before = *network_.layers[size_t(plans_[2].layer)].as<nn::Convolution>();
    const auto& after = *pruned.layers[size_t(plans_[2].layer)].as<nn::Convolution>();
    return before.weight == after.weight ? 0.9 : 0.7;
  };
  settings_.set_max_accuracy_drop(0.01);
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_EQ(probed_, 1 + 2 * int(plans_.size()));  // dense, and each layer at alpha 2 and 4
  EXPECT_EQ(plans_[2].alpha, 1);
  EXPECT_EQ(allocation->chosen.loss, 0);
  EXPECT_EQ(plans_.back().alpha, 4);
}

TEST_F(AllocateAlphasTest, ErrorsOfTheProbeComeThrough) {
  probe_ = [](const nn::Network&) { return absl::CancelledError("stopped"); };
  settings_.set_max_accuracy_drop(0.01);
  EXPECT_EQ(Allocate().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(AllocateAlphasTest, ExcludedLayersStayAsTheyAre) {
  plans_[1].excluded = true;
  settings_.set_max_cycles(1'000'000'000);
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_EQ(allocation->table[1].choices.size(), 1u);
  EXPECT_EQ(plans_[1].alpha, 4);
}

TEST_F(AllocateAlphasTest, ImportanceWeighsLayersAgainstEachOther) {
  training::Importance importance;
  for (const LayerPlan& plan : plans_) {
    const nn::Layer& layer = network_.layers[size_t(plan.layer)];
    const nn::FilterMatrix matrix = nn::ToFilterMatrix(network_, layer);
    importance[plan.name].assign(matrix.values.size(), &plan == &plans_.back() ? 1e6f : 1.0f);
  }
  rules_.importance = &importance;
  settings_.set_max_tiles((TilesAt(0) + TilesAt(-1)) / 2);
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_EQ(plans_.back().alpha, 1);
  double loss = 0;
  for (const packing::LayerChoices& layer : allocation->table) loss += layer.choices.back().loss;
  EXPECT_LT(loss, 1);
}

TEST_F(AllocateAlphasTest, TheReportListsPointsFromDenseToPacked) {
  settings_.set_max_columns(1'000'000);
  const auto allocation = Allocate();
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  const nlohmann::json pareto = ParetoJson(*allocation);
  EXPECT_EQ(pareto["by"], "columns");
  EXPECT_EQ(pareto["loss"], "saliency");
  EXPECT_EQ(pareto["layers"].size(), plans_.size());
  ASSERT_GT(pareto["points"].size(), plans_.size());
  EXPECT_EQ(pareto["points"].front()["alpha"], std::vector<int>(plans_.size(), 1));
  EXPECT_EQ(pareto["points"].front()["loss"], 0);
  EXPECT_EQ(pareto["points"].back()["alpha"], std::vector<int>(plans_.size(), 4));
  EXPECT_LT(pareto["points"].back()["density"], pareto["points"].front()["density"]);
  EXPECT_EQ(pareto["chosen"]["loss"], 0);
}

}  // namespace
}  // namespace colonnade::pipeline
