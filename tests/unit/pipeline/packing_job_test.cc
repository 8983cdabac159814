// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/packing_job.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "deploy/models/digits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/artifact/artifact.h"
#include "server/base/files.h"
#include "server/executors/array_executor.h"
#include "server/onnx/import.h"
#include "tests/support/random_network.h"
#include "tests/unit/pipeline/packing_job_fixture.h"

namespace colonnade::pipeline {
namespace {

using testing::HasSubstr;

constexpr double kDigitsFloor = 0.95;  // as kGlyphFloor, on the real digits

TEST_F(PackingJobTest, PacksRetrainsAndMeasures) {
  const auto packed = Run(Glyphs());
  ASSERT_TRUE(packed.ok()) << packed.status();
  const v1::JobResult& result = packed->result;
  EXPECT_GT(result.dense_accuracy(), 0.95);
  EXPECT_GT(result.packed_accuracy(), kGlyphFloor);
  EXPECT_GT(result.quantized_accuracy(), kGlyphFloor);
  EXPECT_EQ(result.accuracy_source(), "evaluation");
  EXPECT_EQ(result.accuracy_images(), 500);
  EXPECT_EQ(result.epochs(), 14);
  EXPECT_GT(double(result.dense().columns()) / double(result.packed().columns()), 3.5);
  EXPECT_LT(result.packed().cycles(), result.dense().cycles());
  EXPECT_GT(result.packing_efficiency(), 0.8);
  EXPECT_EQ(packed->self_tests.size(), 4u);
  EXPECT_EQ(artifact::SizeOnArray(*packed->program).columns, result.packed().columns());
}

TEST_F(PackingJobTest, WithoutRepairAndRetrainingTheAccuracyIsLost) {
  JobInputs inputs = Glyphs();
  inputs.recipe.mutable_packing()->set_compensate(false);
  inputs.recipe.mutable_training()->set_epochs_per_round(0);
  inputs.recipe.mutable_training()->set_final_epochs(0);
  const auto packed = Run(std::move(inputs));
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_LT(packed->result.quantized_accuracy(), kGlyphFloor);
  EXPECT_GT(packed->result.dense_accuracy(), 0.95);
}

TEST_F(PackingJobTest, ReportsEachLayer) {
  const auto packed = Run(Glyphs());
  ASSERT_TRUE(packed.ok()) << packed.status();
  const auto report = nlohmann::json::parse(packed->result.report_json());
  EXPECT_EQ(report["schema"], "colonnade.report/1");
  EXPECT_EQ(report["training"]["images"], 300);
  EXPECT_EQ(report["training"]["images_used"], 14 * 300);
  ASSERT_EQ(report["layers"].size(), 4u);
  int64_t columns = 0, cycles = 0, tiles = 0;
  for (const auto& layer : report["layers"]) {
    columns += layer["columns_after"].get<int64_t>();
    cycles += layer["cycles"].get<int64_t>();
    tiles += layer["tiles"].get<int64_t>();
    EXPECT_GT(layer["kept_energy"], 0.2);
    EXPECT_LE(layer["kept_energy"], 1.0);
    EXPECT_GE(layer["dense_cycles"], layer["cycles"]);
  }
  EXPECT_EQ(columns, packed->result.packed().columns());
  EXPECT_EQ(cycles, packed->result.packed().cycles());
  EXPECT_EQ(tiles, packed->result.packed().tiles());
}

TEST_F(PackingJobTest, ReportsWhatTheArraySpends) {
  const auto packed = Run(Glyphs());
  ASSERT_TRUE(packed.ok()) << packed.status();
  const auto report = nlohmann::json::parse(packed->result.report_json());
  for (const char* design : {"dense", "packed"}) {
    const nlohmann::json& cost = report["on_array"][design];
    int64_t cycles = 0;
    for (const auto& [part, count] : cost["cycles"].items()) cycles += count.get<int64_t>();
    EXPECT_EQ(cycles, report[design]["cycles"]);
    double nanojoules = 0;
    for (const auto& [component, value] : cost["energy"]["of"].items()) nanojoules += value.get<double>();
    EXPECT_NEAR(nanojoules, cost["energy"]["nanojoules"].get<double>(), 1e-6 * nanojoules);
    EXPECT_EQ(cost["energy"]["modelled"], true);
  }
  EXPECT_LT(report["on_array"]["packed"]["energy"]["nanojoules"], report["on_array"]["dense"]["energy"]["nanojoules"]);
  EXPECT_LT(report["pipelined"]["packed"]["latency"], report["packed"]["cycles"]);
}

TEST_F(PackingJobTest, TellsItsProgress) {
  ASSERT_TRUE(Run(Glyphs()).ok());
  std::vector<v1::JobStage> stages;
  int64_t final_epochs = 0;
  for (const v1::JobEvent& event : events_) {
    if (stages.empty() || stages.back() != event.stage()) stages.push_back(event.stage());
    if (event.stage() == v1::JOB_STAGE_FINAL_TRAINING && event.has_loss()) {
      EXPECT_EQ(event.done(), ++final_epochs);
      EXPECT_EQ(event.total(), 10);
      EXPECT_EQ(event.round(), 2);
      EXPECT_LT(event.columns_after(), event.columns_before());
      EXPECT_TRUE(event.has_remaining_seconds());
    }
  }
  EXPECT_EQ(final_epochs, 10);
  EXPECT_THAT(stages, testing::ElementsAre(v1::JOB_STAGE_BASELINE, v1::JOB_STAGE_PACK, v1::JOB_STAGE_FINAL_TRAINING,
                                           v1::JOB_STAGE_QUANTIZE, v1::JOB_STAGE_COMPILE, v1::JOB_STAGE_VERIFY,
                                           v1::JOB_STAGE_EVALUATE));
}

TEST_F(PackingJobTest, ContinuesFromACheckpointToTheSameResult) {
  const auto whole = Run(Glyphs());
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (const int epochs : {2, 4, 9}) {  // within, at the end of and after the first round
    stop_ = std::stop_source();
    stop_after_ = epochs;
    hooks_.checkpoint.clear();
    EXPECT_EQ(Run(Glyphs()).status().code(), absl::StatusCode::kCancelled);
    ASSERT_EQ(int(checkpoints_.size()), epochs);
    stop_ = std::stop_source();
    stop_after_ = 0;
    hooks_.checkpoint = checkpoints_.back();
    const auto continued = Run(Glyphs());
    ASSERT_TRUE(continued.ok()) << continued.status();
    EXPECT_EQ(int(checkpoints_.size()), 14 - epochs);
    EXPECT_EQ(continued->self_tests, whole->self_tests);
    EXPECT_EQ(continued->result.quantized_accuracy(), whole->result.quantized_accuracy());
  }
}

TEST_F(PackingJobTest, StartsAnewWhenTheCheckpointIsUnusable) {
  hooks_.checkpoint = "CLNDCKP1 and nothing of use";
  JobInputs inputs = Glyphs();
  inputs.recipe.mutable_training()->set_final_epochs(1);
  ASSERT_TRUE(Run(std::move(inputs)).ok());
  EXPECT_EQ(checkpoints_.size(), 5u);
}

TEST_F(PackingJobTest, HoldsATenthOutWithoutEvaluationData) {
  JobInputs inputs = Glyphs();
  inputs.evaluation.reset();
  inputs.recipe.mutable_training()->set_final_epochs(1);
  const auto packed = Run(std::move(inputs));
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(packed->result.accuracy_source(), "held_out");
  EXPECT_EQ(packed->result.accuracy_images(), 30);
  EXPECT_EQ(nlohmann::json::parse(packed->result.report_json())["training"]["images"], 270);
}

TEST_F(PackingJobTest, EvaluationImagesInfluenceNothingButTheAccuracy) {
  JobInputs one = Glyphs(), other = Glyphs();
  for (JobInputs* inputs : {&one, &other}) inputs->recipe.mutable_training()->set_final_epochs(1);
  other.evaluation = DrawGlyphs(20, 77);
  const auto a = Run(std::move(one)), b = Run(std::move(other));
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->self_tests, b->self_tests);
  EXPECT_EQ(a->program->tensors.size(), b->program->tensors.size());
  for (size_t i = 0; i < a->program->tensors.size(); ++i) {
    EXPECT_EQ(a->program->tensors[i].scale, b->program->tensors[i].scale);
  }
}

TEST_F(PackingJobTest, HonoursLayerOverrides) {
  JobInputs inputs = Glyphs();
  inputs.recipe.mutable_training()->set_final_epochs(1);
  auto* conv = inputs.recipe.mutable_packing()->add_layers();
  conv->set_pattern("conv3");
  conv->set_alpha(2);
  auto* linear = inputs.recipe.mutable_packing()->add_layers();
  linear->set_pattern("lin*");
  linear->set_exclude(true);
  const auto packed = Run(std::move(inputs));
  ASSERT_TRUE(packed.ok()) << packed.status();
  const auto layers = nlohmann::json::parse(packed->result.report_json())["layers"];
  EXPECT_EQ(layers[2]["columns_before"], 2 * layers[2]["columns_after"].get<int>());
  EXPECT_EQ(layers[3]["columns_before"], layers[3]["columns_after"]);
}

TEST_F(PackingJobTest, PacksAnyArchitecture) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    JobInputs inputs{
        RandomNetwork(seed, {.batch_norms = seed % 2 == 0, .softmax = seed % 3 == 0}), {}, {}, QuickRecipe(), {}};
    const nn::Shape& shape = inputs.network.input_shape();
    training::Random random(seed);
    inputs.train = {shape,
                    {},
                    {},
                    std::vector<double>(size_t(shape.channels), 0.5),
                    std::vector<double>(size_t(shape.channels), 0.25)};
    for (int i = 0; i < 40; ++i)
      inputs.train.labels.push_back(int(random.Below(uint64_t(inputs.network.output_shape().size()))));
    for (int64_t i = 0; i < 40 * shape.size(); ++i) inputs.train.pixels.push_back(uint8_t(random.Below(256)));
    inputs.recipe.mutable_training()->set_epochs_per_round(1);
    inputs.recipe.mutable_training()->set_final_epochs(1);
    inputs.recipe.mutable_training()->set_learning_rate(0.001);
    const bool softmax = seed % 3 == 0;
    const auto packed = Run(std::move(inputs));
    ASSERT_TRUE(packed.ok()) << "network " << seed << ": " << packed.status();
    EXPECT_EQ(packed->program->softmax, softmax);
    EXPECT_LT(packed->result.packed().columns(), packed->result.dense().columns());
  }
}

TEST_F(PackingJobTest, RefusesWhatDoesNotFit) {
  JobInputs inputs = Glyphs();
  inputs.train = Glyphs().train;
  inputs.train.shape = {1, 20, 5};
  EXPECT_THAT(Refusal(inputs), HasSubstr("dataset: images of 1x20x5; the network takes 1x10x10"));
  inputs = Glyphs();
  inputs.train.labels[17] = 10;
  EXPECT_THAT(Refusal(inputs), HasSubstr("labels: a label is out of range; the network has classes 0 to 9"));
  inputs = Glyphs();
  inputs.recipe.mutable_packing()->set_alpha(9);
  EXPECT_THAT(Refusal(inputs), HasSubstr("recipe.packing.alpha: 9 for layer 'conv1'; must be 1 to 8"));
  inputs = Glyphs();
  inputs.recipe.mutable_privacy()->set_epsilon(1);
  EXPECT_THAT(Refusal(inputs), HasSubstr("recipe.privacy: not supported"));
  EXPECT_TRUE(events_.empty());
}

TEST_F(PackingJobTest, DivergenceIsAnErrorAndNoResult) {
  JobInputs inputs = Glyphs();
  inputs.recipe.mutable_training()->set_learning_rate(10);
  inputs.recipe.mutable_training()->set_weight_decay(1);
  inputs.recipe.mutable_training()->set_momentum(0.99);
  inputs.recipe.mutable_training()->set_final_epochs(100);
  EXPECT_THAT(Refusal(inputs), HasSubstr("training.learning_rate"));
}

// The quickstart's job, on the real digits (COLONNADE_DIGITS: digits.csv.gz).
TEST_F(PackingJobTest, PacksTheDigitsNetwork) {
  const char* path = std::getenv("COLONNADE_DIGITS");
  if (path == nullptr) GTEST_SKIP() << "COLONNADE_DIGITS is not set: no digits.csv.gz";
  const auto digits = ReadDigits(path);
  ASSERT_TRUE(digits.ok()) << digits.status();
  const auto bytes = ReadFile(COLONNADE_SOURCE_DIR "/deploy/models/digits.onnx", 1 << 20);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto imported = onnx::ImportOnnx(*bytes);
  ASSERT_TRUE(imported.ok()) << imported.status();
  for (const bool retrain : {true, false}) {
    JobInputs inputs{imported->network,
                     DigitRange(*digits, 0, kDigitsPacking),
                     DigitRange(*digits, kDigitsTrain, kDigits),
                     ResolvedRecipe(4),
                     {}};
    if (!retrain) {
      inputs.recipe.mutable_packing()->set_compensate(false);
      inputs.recipe.mutable_training()->set_epochs_per_round(0);
      inputs.recipe.mutable_training()->set_final_epochs(0);
    }
    const auto packed = Run(std::move(inputs));
    ASSERT_TRUE(packed.ok()) << packed.status();
    EXPECT_GT(packed->result.dense_accuracy(), 0.98);
    EXPECT_EQ(packed->result.quantized_accuracy() > kDigitsFloor, retrain) << packed->result.quantized_accuracy();
  }
}

}  // namespace
}  // namespace colonnade::pipeline
