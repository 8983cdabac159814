// SPDX-License-Identifier: Apache-2.0
// What each setting of a recipe does to a whole job.
#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/transforms.h"
#include "tests/unit/pipeline/packing_job_fixture.h"

namespace colonnade::pipeline {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;
using v1::PackingSettings;
using v1::TrainingSettings;

constexpr double kFloor = 0.7;  // of right answers; packing alone leaves less than half

json ReportOf(const PackedNetwork& packed) { return json::parse(packed.result.report_json()); }

std::set<int> AlphasIn(const json& report) {
  std::set<int> alphas;
  for (const json& layer : report["layers"]) alphas.insert(layer["alpha"].get<int>());
  return alphas;
}

class PackingSettingsTest : public PackingJobTest {
 protected:
  using Change = std::function<void(PackingSettings&, TrainingSettings&)>;

  // The plainest job, whatever the defaults are, with a change.
  JobInputs Changed(const Change& change) {
    JobInputs inputs = Glyphs();
    PackingSettings& packing = *inputs.recipe.mutable_packing();
    packing.set_grouping(PackingSettings::DENSE_FIRST);
    packing.set_saliency(PackingSettings::MAGNITUDE);
    packing.set_compensate(false);
    packing.set_gradual_alpha(false);
    TrainingSettings& training = *inputs.recipe.mutable_training();
    training.set_mode(TrainingSettings::LABELS_AND_TEACHER);
    training.set_learning_rate(0.005);
    training.set_weight_decay(5e-4);
    training.set_fade(0);
    training.set_mix(0);
    inputs.recipe.mutable_quantization()->set_aware_epochs(0);
    change(packing, training);
    return inputs;
  }

  // A job that must succeed.
  PackedNetwork Pack(JobInputs inputs) { return Run(std::move(inputs)).value(); }
  PackedNetwork Pack(const Change& change) { return Pack(Changed(change)); }
};

void InOneRound(int epochs, TrainingSettings& training) {
  training.set_rounds(1);
  training.set_final_epochs(epochs);
}

TEST_F(PackingSettingsTest, EveryGroupingPacksAndRetrains) {
  std::set<std::string> programs;
  for (const auto grouping : {PackingSettings::DENSE_FIRST, PackingSettings::PUBLISHED, PackingSettings::SEARCH}) {
    const PackedNetwork packed = Pack([&](auto& packing, auto&) { packing.set_grouping(grouping); });
    EXPECT_GT(packed.result.quantized_accuracy(), kFloor) << grouping;
    EXPECT_GT(double(packed.result.dense().columns()) / double(packed.result.packed().columns()), 3.5) << grouping;
    programs.insert(BytesOf(packed));
  }
  EXPECT_THAT(programs, SizeIs(3));
}

TEST_F(PackingSettingsTest, SearchedGroupsEndFull) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    packing.set_grouping(PackingSettings::SEARCH);
    InOneRound(1, training);
  });
  EXPECT_EQ(packed.result.packing_efficiency(), 1);
}

TEST_F(PackingSettingsTest, EverySaliencyPacksAndRetrains) {
  std::set<std::string> programs;
  for (const auto saliency : {PackingSettings::MAGNITUDE, PackingSettings::INPUT_MAGNITUDE, PackingSettings::FISHER}) {
    const PackedNetwork packed = Pack([&](auto& packing, auto&) {
      packing.set_grouping(PackingSettings::SEARCH);
      packing.set_saliency(saliency);
    });
    EXPECT_GT(packed.result.quantized_accuracy(), kFloor) << saliency;
    programs.insert(BytesOf(packed));
  }
  EXPECT_THAT(programs, SizeIs(3));
}

TEST_F(PackingSettingsTest, CompensationRepairsWhatPackingBroke) {
  const auto accuracy = [&](bool compensate) {
    const PackedNetwork packed = Pack([&](auto& packing, auto& training) {
      packing.set_compensate(compensate);
      InOneRound(0, training);
    });
    return packed.result.quantized_accuracy();
  };
  EXPECT_GT(accuracy(true), accuracy(false) + 0.2);
}

TEST_F(PackingSettingsTest, GradualAlphaPacksHalfAtFirstAndEndsWithFullCells) {
  const PackedNetwork packed = Pack([](auto& packing, auto&) {
    packing.set_grouping(PackingSettings::SEARCH);
    packing.set_gradual_alpha(true);
  });
  EXPECT_GT(packed.result.quantized_accuracy(), kFloor);
  std::vector<double> ratios(3);  // by round
  for (const v1::JobEvent& event : events_) {
    if (event.columns_after() > 0) {
      ratios[size_t(event.round())] = double(event.columns_before()) / double(event.columns_after());
    }
  }
  EXPECT_NEAR(ratios[1], 2, 0.1);
  EXPECT_NEAR(ratios[2], 4, 0.2);
  EXPECT_EQ(packed.result.packing_efficiency(), 1);
}

TEST_F(PackingSettingsTest, ALayerMayHaveALargerAlphaThanTheRest) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    auto* layer = packing.add_layers();
    layer->set_pattern("linear");
    layer->set_alpha(8);
    InOneRound(1, training);
  });
  const json layer = ReportOf(packed)["layers"][3];
  EXPECT_EQ(layer["alpha"], 8);
  EXPECT_EQ(layer["columns_before"], 8 * layer["columns_after"].get<int>());
}

TEST_F(PackingSettingsTest, TheCubicScheduleReachesItsShare) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    packing.set_gamma(0);  // so that nothing else prunes
    packing.set_final_gamma(0);
    training.set_prune_schedule(TrainingSettings::CUBIC);
    training.set_prune_fraction(0.8);
    training.set_rounds(3);
    training.set_epochs_per_round(1);
    training.set_final_epochs(0);
  });
  EXPECT_NEAR(ReportOf(packed)["density"].get<double>(), 1 - 0.8 * 0.75, 0.01);
}

// A recipe with much that a resumed job has to do again.
void FadeAndMix(double mix, PackingSettings& packing, TrainingSettings& training) {
  packing.set_grouping(PackingSettings::SEARCH);
  packing.set_saliency(PackingSettings::INPUT_MAGNITUDE);
  training.set_epochs_per_round(2);
  training.set_final_epochs(6);
  training.set_fade(0.6);
  training.set_mix(mix);
}

TEST_F(PackingSettingsTest, FadingPacksAndRetrains) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    FadeAndMix(0, packing, training);
    InOneRound(14, training);
  });
  EXPECT_GT(packed.result.quantized_accuracy(), kFloor);
  EXPECT_EQ(packed.result.packing_efficiency(), 1);
}

TEST_F(PackingSettingsTest, FadingContinuesFromEveryCheckpointToTheSameProgram) {
  for (const double mix : {0.0, 0.5}) {
    const auto change = [&](auto& packing, auto& training) { FadeAndMix(mix, packing, training); };
    hooks_.checkpoint.clear();
    const std::string whole = BytesOf(Pack(change));
    const std::vector<std::string> checkpoints = checkpoints_;
    ASSERT_THAT(checkpoints, SizeIs(8));
    for (size_t epoch = 0; epoch < checkpoints.size(); ++epoch) {
      hooks_.checkpoint = checkpoints[epoch];
      EXPECT_EQ(BytesOf(Pack(change)), whole) << "mix " << mix << ", epoch " << epoch + 1;
      EXPECT_THAT(checkpoints_, SizeIs(7 - epoch));
    }
  }
}

JobInputs Aware(JobInputs inputs) {
  inputs.recipe.mutable_quantization()->set_aware_epochs(3);
  return inputs;
}

TEST_F(PackingSettingsTest, AwareTrainingContinuesFromEveryCheckpointToTheSameProgram) {
  const Change change = [](auto&, auto& training) { InOneRound(2, training); };
  const PackedNetwork aware = Pack(Aware(Changed(change)));
  const std::vector<std::string> checkpoints = checkpoints_;
  ASSERT_THAT(checkpoints, SizeIs(5));
  EXPECT_EQ(aware.result.epochs(), 5);
  for (size_t epoch = 0; epoch < checkpoints.size(); ++epoch) {
    hooks_.checkpoint = checkpoints[epoch];
    EXPECT_EQ(BytesOf(Pack(Aware(Changed(change)))), BytesOf(aware)) << "epoch " << epoch + 1;
  }
  hooks_.checkpoint.clear();
  EXPECT_NE(BytesOf(Pack(change)), BytesOf(aware));
}

using v1::QuantizationSettings;

// The plainest job without training, with a change of how it is quantized.
JobInputs Quantized(JobInputs inputs, const std::function<void(QuantizationSettings&)>& change) {
  InOneRound(0, *inputs.recipe.mutable_training());
  change(*inputs.recipe.mutable_quantization());
  return inputs;
}

void NoChange(PackingSettings&, TrainingSettings&) {}

TEST_F(PackingSettingsTest, EachCalibrationReachesTheProgram) {
  std::set<std::string> programs;
  for (const double percentile : {99.99, 90.0}) {
    for (const auto calibration : {QuantizationSettings::MAXIMUM, QuantizationSettings::PERCENTILE}) {
      programs.insert(BytesOf(Pack(Quantized(Changed(NoChange), [&](auto& settings) {
        settings.set_calibration(calibration);
        settings.set_percentile(percentile);
      }))));
    }
  }
  EXPECT_THAT(programs, SizeIs(3));  // the maximum does not depend on a percentile
}

void ClipMuch(QuantizationSettings& settings) {
  settings.set_calibration(QuantizationSettings::PERCENTILE);
  settings.set_percentile(80);
}

void ClipMuchAndCorrect(QuantizationSettings& settings) {
  ClipMuch(settings);
  settings.set_bias_correction(true);
}

// Sets all biases to 0.
PackedNetwork WithoutBiases(const PackedNetwork& packed) {
  auto program = *packed.program;
  for (array::Step& step : program.steps) {
    auto* matrix = std::get_if<array::MatrixStep>(&step.operation);
    if (matrix != nullptr) std::fill(matrix->bias.begin(), matrix->bias.end(), 0);
  }
  return {std::make_shared<const array::ArrayProgram>(std::move(program)), {}, {}};
}

double ErrorOfLogits(const PackedNetwork& packed) {
  return ReportOf(packed)["quantization"]["layers"].back()["mean_squared_error"];
}

TEST_F(PackingSettingsTest, CorrectedBiasesReachTheProgramAndNothingElseChanges) {
  const PackedNetwork plain = Pack(Quantized(Changed(NoChange), ClipMuch));
  const PackedNetwork corrected = Pack(Quantized(Changed(NoChange), ClipMuchAndCorrect));
  EXPECT_NE(BytesOf(corrected), BytesOf(plain));
  EXPECT_EQ(BytesOf(WithoutBiases(corrected)), BytesOf(WithoutBiases(plain)));
  EXPECT_LT(ErrorOfLogits(corrected), 0.8 * ErrorOfLogits(plain));
  EXPECT_EQ(corrected.result.packed_accuracy(), plain.result.packed_accuracy());  // that of the float network
}

// With these, a network of corrected biases would be given other scales than it has.
TEST_F(PackingSettingsTest, AwareTrainingBeginsWithCorrectedBiases) {
  for (const double percentile : {60.0, 70.0}) {
    const auto job = [&](bool corrects) {
      return Quantized(Changed(NoChange), [&](auto& settings) {
        ClipMuch(settings);
        settings.set_percentile(percentile);
        settings.set_bias_correction(corrects);
        settings.set_aware_epochs(2);
      });
    };
    hooks_.checkpoint.clear();
    const std::string plain = BytesOf(Pack(job(false))), corrected = BytesOf(Pack(job(true)));
    EXPECT_NE(corrected, plain) << percentile;
    ASSERT_THAT(checkpoints_, SizeIs(2));
    hooks_.checkpoint = checkpoints_.front();
    EXPECT_EQ(BytesOf(Pack(job(true))), corrected) << percentile;
  }
}

TEST_F(PackingSettingsTest, EveryRungOfAccuracyIsReported) {
  const PackedNetwork packed = Pack(Quantized(Changed(NoChange), [](auto&) {}));
  const v1::JobResult& result = packed.result;
  EXPECT_NEAR(result.dense_quantized_accuracy(), result.dense_accuracy(), 0.02);
  EXPECT_GT(result.dense_quantized_accuracy(), result.quantized_accuracy() + 0.2);
  const json accuracy = ReportOf(packed)["accuracy"];
  EXPECT_EQ(accuracy["dense"], result.dense_accuracy());
  EXPECT_EQ(accuracy["dense_quantized"], result.dense_quantized_accuracy());
  EXPECT_EQ(accuracy["packed"], result.packed_accuracy());
  EXPECT_EQ(accuracy["quantized"], result.quantized_accuracy());
}

TEST_F(PackingSettingsTest, TheReportSaysWherePrecisionIsLost) {
  const json report = ReportOf(Pack(Quantized(Changed(NoChange), [](auto& settings) { settings.set_images(100); })));
  EXPECT_EQ(report["quantization"]["images"], 100);
  const json layers = report["quantization"]["layers"];
  EXPECT_EQ(layers.front()["name"], GlyphNetwork().input_name);
  EXPECT_EQ(layers.back()["name"], report["layers"].back()["name"]);
  for (const json& layer : layers) {
    const double ratio = layer["mean_square"].get<double>() / layer["mean_squared_error"].get<double>();
    EXPECT_NEAR(layer["signal_to_noise_db"].get<double>(), 10 * std::log10(ratio), 1e-9);
    EXPECT_GT(layer["signal_to_noise_db"], 15) << layer["name"];
    EXPECT_LE(layer["signal_to_noise_db"], layers.front()["signal_to_noise_db"]) << layer["name"];
  }
}

// Lowest and highest channel of a group's columns.
std::pair<int, int> ChannelsOf(const array::PackedMatrix& matrix, const std::vector<int>& group) {
  const auto channel = [&](int column) { return matrix.column_sites[size_t(column)].channel; };
  const auto [low, high] =
      std::minmax_element(group.begin(), group.end(), [&](int a, int b) { return channel(a) < channel(b); });
  return {channel(*low), channel(*high)};
}

TEST_F(PackingSettingsTest, PermutedRowsMakeGroupsOfAdjacentChannels) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    packing.set_permute_rows(true);
    InOneRound(20, training);
  });
  EXPECT_GT(packed.result.dense_accuracy(), 0.9);
  EXPECT_GT(packed.result.quantized_accuracy(), kFloor);
  int matrices = 0;
  for (const array::Step& step : packed.program->steps) {
    const auto* matrix_step = std::get_if<array::MatrixStep>(&step.operation);
    if (matrix_step == nullptr) continue;
    ++matrices;
    for (const std::vector<int>& group : matrix_step->matrix.group_columns) {
      const auto [low, high] = ChannelsOf(matrix_step->matrix, group);
      EXPECT_LT(high - low, 4) << step.name;
    }
  }
  EXPECT_EQ(matrices, 4);
}

TEST_F(PackingSettingsTest, AllocationKeepsWithinItsLimit) {
  const PackedNetwork fixed = Pack([](auto&, auto& training) { InOneRound(0, training); });
  using Limit = std::pair<void (PackingSettings::*)(int64_t), int64_t (v1::Measured::*)() const>;
  const Limit limits[] = {{&PackingSettings::set_max_columns, &v1::Measured::columns},
                          {&PackingSettings::set_max_tiles, &v1::Measured::tiles},
                          {&PackingSettings::set_max_cycles, &v1::Measured::cycles}};
  for (const auto& [set, get] : limits) {
    const int64_t least = (fixed.result.packed().*get)(), most = (fixed.result.dense().*get)();
    const PackedNetwork packed = Pack([&, set = set](auto& packing, auto& training) {
      (packing.*set)((least + most) / 2);
      InOneRound(1, training);
    });
    EXPECT_LE((packed.result.packed().*get)(), (least + most) / 2);
    EXPECT_GT((packed.result.packed().*get)(), least);
    EXPECT_GT(AlphasIn(ReportOf(packed)).size(), 1u);
  }
}

TEST_F(PackingSettingsTest, AllocationRefusesWhatCannotBe) {
  EXPECT_THAT(Refusal(Changed([](auto& packing, auto&) { packing.set_max_columns(5); })),
              HasSubstr("recipe.packing.max_columns: is 5; the least possible is"));
}

TEST_F(PackingSettingsTest, AccuracyDropsAllocateAlongAParetoList) {
  const PackedNetwork packed = Pack([](auto& packing, auto& training) {
    packing.set_max_accuracy_drop(0.1);
    InOneRound(1, training);
  });
  const json report = ReportOf(packed), pareto = report["pareto"];
  EXPECT_EQ(pareto["by"], "accuracy_drop");
  EXPECT_EQ(pareto["loss"], "accuracy");
  EXPECT_LE(pareto["chosen"]["loss"].get<double>(), 0.1 + 1e-9);
  EXPECT_THAT(pareto["layers"], SizeIs(4));
  ASSERT_GE(pareto["points"].size(), 2u);
  EXPECT_LT(pareto["points"].back()["cycles"], pareto["points"].front()["cycles"]);
  for (size_t i = 1; i < pareto["points"].size(); ++i) {
    EXPECT_LE(pareto["points"][i]["cycles"], pareto["points"][i - 1]["cycles"]);
    EXPECT_GE(pareto["points"][i]["loss"], pareto["points"][i - 1]["loss"]);
  }
  std::vector<int> alphas;
  for (const json& layer : report["layers"]) alphas.push_back(layer["alpha"]);
  EXPECT_EQ(pareto["chosen"]["alpha"], json(alphas));
  EXPECT_GT(AlphasIn(report).size(), 1u);
}

void WithoutData(PackingSettings&, TrainingSettings& training) {
  training.set_mode(TrainingSettings::DATA_FREE);
  training.set_synthetic_images(200);
}

TEST_F(PackingSettingsTest, DataFreeJobsLearnFromSyntheticImages) {
  JobInputs inputs = Changed(WithoutData);
  inputs.train = {};
  const PackedNetwork packed = Pack(std::move(inputs));
  EXPECT_GT(packed.result.dense_accuracy(), 0.9);
  EXPECT_GT(packed.result.quantized_accuracy(), 0.5);  // one in ten by chance
  EXPECT_EQ(ReportOf(packed)["training"]["images"], 200);
}

TEST_F(PackingSettingsTest, DataFreeJobsNeedStatisticsAndSomethingToMeasureOn) {
  JobInputs folded = Changed(WithoutData);
  folded.network = *nn::FoldBatchNorms(folded.network);
  EXPECT_THAT(Refusal(std::move(folded)), HasSubstr("BatchNorm"));
  JobInputs unmeasured = Changed(WithoutData);
  unmeasured.evaluation.reset();
  EXPECT_THAT(Refusal(std::move(unmeasured)), HasSubstr("recipe.training.mode: DATA_FREE needs evaluation data"));
}

TEST_F(PackingSettingsTest, EvaluationDataAreNeverReadBeforeTheEnd) {
  for (const bool data_free : {false, true}) {
    JobInputs one = Changed([&](auto& packing, auto& training) {
      FadeAndMix(0.5, packing, training);
      packing.set_saliency(PackingSettings::FISHER);
      packing.set_compensate(true);
      packing.set_max_accuracy_drop(0.1);
      training.set_final_epochs(2);
      if (data_free) WithoutData(packing, training);
    });
    JobInputs other = one;
    other.evaluation = DrawGlyphs(77, 99);
    std::reverse(other.evaluation->labels.begin(), other.evaluation->labels.end());
    const PackedNetwork a = Pack(std::move(one)), b = Pack(std::move(other));
    EXPECT_EQ(BytesOf(a), BytesOf(b));
    EXPECT_NE(a.result.dense_accuracy(), b.result.dense_accuracy());
  }
}

TEST_F(PackingSettingsTest, TheReportHasWhatItPromises) {
  const json report = ReportOf(Pack([](auto& packing, auto&) {
    packing.set_grouping(PackingSettings::SEARCH);
    packing.set_saliency(PackingSettings::INPUT_MAGNITUDE);
  }));
  for (const json& layer : report["layers"]) {
    for (const char* key : {"name", "rows", "columns_before", "columns_after", "alpha", "nonzeros", "density",
                            "packing_efficiency", "kept_energy", "tiles", "cycles", "dense_cycles"}) {
      EXPECT_TRUE(layer.contains(key)) << key;
    }
    EXPECT_GT(layer["kept_saliency"], 0.25);  // what one weight in four keeps at least
    EXPECT_LE(layer["kept_saliency"].get<double>(), layer["saliency_bound"].get<double>() + 1e-9);
    EXPECT_LE(layer["saliency_bound"].get<double>(), 1 + 1e-9);
    EXPECT_GT(layer["packing_efficiency"], 0.9);
    EXPECT_LE(layer["packing_efficiency"], 1.0);
  }
  EXPECT_EQ(report["training"]["epochs"], 14);
  ASSERT_THAT(report["training"]["curve"], SizeIs(14));
  EXPECT_EQ(report["training"]["curve"][3]["round"], 1);
  EXPECT_EQ(report["training"]["curve"][4]["round"], 2);
  EXPECT_LT(report["training"]["curve"][13]["loss"], report["training"]["curve"][4]["loss"]);
  EXPECT_GT(report["training"]["curve"][13]["accuracy"], report["training"]["curve"][4]["accuracy"]);
  EXPECT_LE(report["packing_efficiency_tiled"], report["packing_efficiency"]);
  EXPECT_GT(report["stage_seconds"]["final_training"], 0.0);
  EXPECT_FALSE(report.contains("pareto"));
}

}  // namespace
}  // namespace colonnade::pipeline
