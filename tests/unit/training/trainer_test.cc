// SPDX-License-Identifier: Apache-2.0
#include "server/training/trainer.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/training/trainable_network.h"
#include "tests/support/float_network.h"

namespace colonnade::training {
namespace {

using testing::HasSubstr;

// Images of 1x4x4: bright on the left (class 0) or on the right (class 1), with noise.
Samples Sides(int count) {
  Samples samples{{1, 4, 4}, {}, {}, {0.5}, {0.25}};
  Random random(11);
  for (int i = 0; i < count; ++i) {
    const int label = i % 2;
    samples.labels.push_back(label);
    for (int p = 0; p < 16; ++p)
      samples.pixels.push_back(uint8_t(random.Below(100) + ((p % 4 >= 2) == label ? 120 : 0)));
  }
  return samples;
}

std::vector<float> RandomWeights(int count, uint64_t seed) {
  Random random(seed);
  std::vector<float> weights;
  for (int i = 0; i < count; ++i) weights.push_back((float(random.Below(2001)) - 1000) / 3000);
  return weights;
}

// conv 3x3 to 4 filters, BatchNorm, ReLU, linear to 2.
nn::Network SmallNetwork(uint64_t seed) {
  nn::Network network{"image", "logits", {}};
  nn::Window window{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  network.layers.push_back({"image", nn::Input{}, {}, {1, 4, 4}});
  network.layers.push_back(
      {"conv", nn::Convolution{4, 1, window, RandomWeights(36, seed), RandomWeights(4, seed)}, {0}, {}});
  network.layers.push_back({"norm", nn::BatchNorm{{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}}, {1}, {}});
  network.layers.push_back({"relu", nn::Clip{}, {2}, {}});
  network.layers.push_back({"logits", nn::Linear{2, RandomWeights(128, seed + 1), {0, 0}}, {3}, {}});
  EXPECT_TRUE(nn::InferShapes(network).ok());
  return network;
}

class TrainerTest : public testing::Test {
 protected:
  void SetUp() override { ConfigureRuntime(1); }

  absl::StatusOr<EpochResult> Run(Trainer& trainer, int epochs, int from = 0) {
    absl::StatusOr<EpochResult> result = absl::InternalError("no epoch");
    for (int epoch = from; epoch < epochs; ++epoch) {
      result = trainer.RunEpoch(epoch, epochs, {});
      if (!result.ok()) return result;
    }
    return result;
  }

  double AccuracyOf(const nn::Network& network, const Samples& samples) {
    const auto accuracy = MeasureAccuracy(TrainableNetwork(network), samples);
    EXPECT_TRUE(accuracy.ok()) << accuracy.status();
    return accuracy->value();
  }

  Samples samples_ = Sides(200);
  TrainerOptions labels_only_{.batch_size = 16, .distillation = 0};
};

TEST_F(TrainerTest, LearnsFromLabels) {
  Trainer trainer(SmallNetwork(1), nullptr, samples_, labels_only_);
  const auto result = Run(trainer, 4);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->images, 200);
  EXPECT_LT(result->loss, 0.1);
  EXPECT_GT(AccuracyOf(trainer.network(), samples_), 0.98);
}

TEST_F(TrainerTest, LearnsFromTheTeacherAlone) {
  Trainer first(SmallNetwork(1), nullptr, samples_, labels_only_);
  ASSERT_TRUE(Run(first, 4).ok());
  const nn::Network teacher = first.network();
  Samples unlabelled = samples_;
  unlabelled.labels.assign(unlabelled.labels.size(), kUnlabelled);
  TrainerOptions options = labels_only_;
  options.distillation = 1;
  Trainer trainer(SmallNetwork(2), &teacher, unlabelled, options);
  ASSERT_TRUE(Run(trainer, 6).ok());
  EXPECT_GT(AccuracyOf(trainer.network(), samples_), 0.98);
}

TEST_F(TrainerTest, ZeroWeightsStayZero) {
  nn::Network pruned = SmallNetwork(1);
  auto& conv = *pruned.layers[1].as<nn::Convolution>();
  auto& linear = *pruned.layers[4].as<nn::Linear>();
  for (size_t i = 0; i < conv.weight.size(); i += 3) conv.weight[i] = 0;
  for (size_t i = 0; i < linear.weight.size(); i += 2) linear.weight[i] = 0;
  Trainer trainer(pruned, nullptr, samples_, labels_only_);
  ASSERT_TRUE(Run(trainer, 3).ok());
  const nn::Network after = trainer.network();
  const auto& new_conv = *after.layers[1].as<nn::Convolution>();
  const auto& new_linear = *after.layers[4].as<nn::Linear>();
  for (size_t i = 0; i < conv.weight.size(); ++i) EXPECT_EQ(new_conv.weight[i] == 0, i % 3 == 0) << i;
  for (size_t i = 0; i < linear.weight.size(); ++i) EXPECT_EQ(new_linear.weight[i] == 0, i % 2 == 0) << i;
}

TEST_F(TrainerTest, RepeatsExactlyAndContinuesExactly) {
  TrainerOptions options = labels_only_;
  options.augmentation = {.translate = true, .mirror = false};
  Trainer whole(SmallNetwork(1), nullptr, samples_, options);
  ASSERT_TRUE(Run(whole, 4).ok());

  Trainer half(SmallNetwork(1), nullptr, samples_, options);
  ASSERT_TRUE(half.RunEpoch(0, 4, {}).ok());
  ASSERT_TRUE(half.RunEpoch(1, 4, {}).ok());
  Trainer continued(SmallNetwork(1), nullptr, samples_, options);
  ASSERT_TRUE(continued.Restore(half.state()).ok());
  ASSERT_TRUE(Run(continued, 4, 2).ok());
  EXPECT_EQ(continued.state(), whole.state());

  options.seed = 2;
  Trainer other(SmallNetwork(1), nullptr, samples_, options);
  ASSERT_TRUE(Run(other, 4).ok());
  EXPECT_NE(other.state(), whole.state());
}

// Filters of conv have two cells: taps 0 to 4 and 5 to 8.
Cells TwoCellsPerFilter() {
  Cells cells{"conv", {}, 8, std::vector<float>(36, 1.0f)};
  for (int i = 0; i < 36; ++i) cells.of_weight.push_back(2 * (i / 9) + (i % 9 >= 5));
  return cells;
}

TEST_F(TrainerTest, OneWeightOfACellIsLeftAfterFading) {
  TrainerOptions options = labels_only_;
  options.fade = 0.5;
  Trainer trainer(SmallNetwork(1), nullptr, samples_, options, {TwoCellsPerFilter()});
  ASSERT_TRUE(Run(trainer, 6).ok());
  const nn::Network after = trainer.network();
  const auto& weight = after.layers[1].as<nn::Convolution>()->weight;
  std::vector<int> left(8, 0);
  for (int i = 0; i < 36; ++i) left[size_t(2 * (i / 9) + (i % 9 >= 5))] += weight[size_t(i)] != 0;
  EXPECT_THAT(left, testing::Each(1));
  EXPECT_GT(AccuracyOf(after, samples_), 0.95);
}

TEST_F(TrainerTest, LearnsFromMixedImagesAndOtherwiseThanFromWholeOnes) {
  TrainerOptions options = labels_only_;
  Trainer whole(SmallNetwork(1), nullptr, samples_, options);
  options.mix = 1;
  Trainer mixed(SmallNetwork(1), nullptr, samples_, options);
  ASSERT_TRUE(Run(whole, 8).ok());
  ASSERT_TRUE(Run(mixed, 8).ok());
  EXPECT_NE(mixed.state(), whole.state());
  EXPECT_GT(AccuracyOf(mixed.network(), samples_), 0.95);
}

TEST_F(TrainerTest, ActivationsOfTheTeacherCount) {
  const nn::Network teacher = SmallNetwork(1);
  TrainerOptions options = labels_only_;
  options.distillation = 1;
  Trainer with(SmallNetwork(2), &teacher, samples_, options);
  options.feature_weight = 0;
  Trainer without(SmallNetwork(2), &teacher, samples_, options);
  const auto a = Run(with, 2), b = Run(without, 2);
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_GT(a->loss, b->loss);
  EXPECT_NE(with.state(), without.state());
}

TEST_F(TrainerTest, ContinuesExactlyWhileWeightsFadeAndImagesBlend) {
  TrainerOptions options = labels_only_;
  options.fade = 0.7;
  options.mix = 0.5;
  for (const int stop : {1, 2, 3, 4}) {
    Trainer whole(SmallNetwork(1), nullptr, samples_, options, {TwoCellsPerFilter()});
    ASSERT_TRUE(Run(whole, 5).ok());
    Trainer first(SmallNetwork(1), nullptr, samples_, options, {TwoCellsPerFilter()});
    for (int epoch = 0; epoch < stop; ++epoch) ASSERT_TRUE(first.RunEpoch(epoch, 5, {}).ok());
    Trainer continued(SmallNetwork(1), nullptr, samples_, options, {TwoCellsPerFilter()});
    ASSERT_TRUE(continued.Restore(first.state()).ok());
    ASSERT_TRUE(Run(continued, 5, stop).ok());
    EXPECT_EQ(continued.state(), whole.state()) << "stopped after epoch " << stop;
  }
}

TEST_F(TrainerTest, RefusesTheStateOfAnotherNetwork) {
  Trainer trainer(SmallNetwork(1), nullptr, samples_, labels_only_);
  auto state = trainer.state();
  const auto before = state;
  state[0].values.pop_back();
  EXPECT_EQ(trainer.Restore(state).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(trainer.Restore({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(trainer.state(), before);
}

TEST_F(TrainerTest, NoticesDivergence) {
  TrainerOptions options = labels_only_;
  options.learning_rate = 10;
  options.momentum = 0.999;
  options.weight_decay = 1;
  Trainer trainer(SmallNetwork(1), nullptr, samples_, options);
  const auto result = Run(trainer, 60);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(result.status().ToString(), HasSubstr("use a lower training.learning_rate"));
}

TEST_F(TrainerTest, StopsWithinABatch) {
  std::stop_source stop;
  stop.request_stop();
  Trainer trainer(SmallNetwork(1), nullptr, samples_, labels_only_);
  const auto before = trainer.state();
  EXPECT_EQ(trainer.RunEpoch(0, 1, stop.get_token()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(trainer.state(), before);
}

TEST_F(TrainerTest, TakesBatchesOfOneAndOfMoreThanThereAre) {
  for (const int batch : {1, 3, 1000}) {
    TrainerOptions options = labels_only_;
    options.batch_size = batch;
    options.learning_rate = 0.001;
    Trainer trainer(SmallNetwork(1), nullptr, samples_, options);
    const auto result = Run(trainer, 1);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->images, 200);
  }
}

}  // namespace
}  // namespace colonnade::training
