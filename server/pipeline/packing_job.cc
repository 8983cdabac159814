// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/packing_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/nn/transforms.h"
#include "server/pipeline/checkpoint.h"
#include "server/pipeline/combine.h"
#include "server/pipeline/integer_network.h"
#include "server/pipeline/report.h"
#include "server/pipeline/schedule.h"
#include "server/recipe/supported.h"
#include "server/training/augment.h"
#include "server/training/insert_norms.h"
#include "server/training/trainable_network.h"
#include "server/training/trainer.h"

namespace colonnade::pipeline {
namespace {

using training::Samples;
using training::TrainableNetwork;

constexpr int64_t kBaselineImages = 1000;  // of the training subset, for the first look
constexpr int64_t kNormImages = 1000;      // to estimate inserted BatchNorms on
constexpr int kHeldOutPart = 10;           // one in ten

// Softmax changes no accuracy and is put back for serving.
bool EndsInSoftmax(const nn::Network& network) { return network.layers.back().as<nn::Softmax>() != nullptr; }

std::shared_ptr<const array::ArrayProgram> Share(array::ArrayProgram program) {
  return std::make_shared<const array::ArrayProgram>(std::move(program));
}

class PackingJob {
 public:
  PackingJob(JobInputs inputs, const JobHooks& hooks, Progress& progress)
      : inputs_(std::move(inputs)), hooks_(hooks), progress_(progress) {}

  absl::Status Prepare();
  absl::Status MeasureBaseline();
  absl::Status PackAndTrain();
  absl::Status Quantize();
  absl::Status Compile();
  absl::Status Verify();
  absl::Status Evaluate();
  absl::Status CheckWork() const;
  absl::StatusOr<PackedNetwork> Result();

 private:
  absl::Status CheckInputs() const;
  void HoldOut();
  absl::Status Restore();
  absl::Status RunRound(const Round& round);
  absl::Status Train(const Round& round, training::Trainer& trainer);
  training::TrainerOptions OptionsOf(const Round& round) const;
  absl::Status SaveCheckpoint(const Round& round, int epochs_done, const training::Trainer& trainer);
  int EpochsBefore(const Round& round) const;
  int threads() const { return inputs_.recipe.training().threads(); }
  nn::FeedRule feed_rule() const { return inputs_.array.feed_rule; }

  JobInputs inputs_;
  const JobHooks& hooks_;
  Progress& progress_;

  nn::Network dense_;    // BatchNorms folded
  nn::Network network_;  // with BatchNorms, being packed
  nn::Network packed_;   // at the end: BatchNorms folded
  std::vector<LayerPlan> plans_;
  std::vector<Round> rounds_;
  std::optional<Checkpoint> resumed_;
  Combined combined_;  // of the present round
  quant::QuantizedNetwork quantized_;
  std::shared_ptr<const array::ArrayProgram> program_, dense_program_;
  Measurements measured_;
};

absl::Status PackingJob::CheckInputs() const {
  const nn::Network& network = inputs_.network;
  const auto classes = int(network.output_shape().size());
  for (const Samples* samples : {&inputs_.train, inputs_.evaluation ? &*inputs_.evaluation : nullptr}) {
    if (samples == nullptr) continue;
    if (samples->shape != network.input_shape()) {
      return InvalidField("dataset", fmt::format("images of {}; the network takes {}", nn::ToString(samples->shape),
                                                 nn::ToString(network.input_shape())));
    }
    COLONNADE_RETURN_IF_ERROR(training::Check(*samples, classes));
  }
  const int64_t least = inputs_.evaluation ? 1 : 2;
  if (inputs_.train.size() < least) {
    return InvalidField("dataset", fmt::format("{} records; at least {} are needed", inputs_.train.size(), least));
  }
  const auto labelled = std::count_if(inputs_.train.labels.begin(), inputs_.train.labels.end(),
                                      [](int32_t label) { return label != training::kUnlabelled; });
  if (inputs_.recipe.training().mode() == v1::TrainingSettings::LABELS && labelled == 0) {
    return InvalidField("recipe.training.mode", "LABELS, but no record has a label; use TEACHER");
  }
  for (const LayerPlan& plan : plans_) {
    if (plan.alpha >= 1 && plan.alpha <= inputs_.array.alpha) continue;
    return InvalidField("recipe.packing.alpha", fmt::format("{} for layer '{}'; must be 1 to {}, the array's",
                                                            plan.alpha, plan.name, inputs_.array.alpha));
  }
  return absl::OkStatus();
}

// Takes a tenth of the training records out for the accuracies, chosen by the seed.
void PackingJob::HoldOut() {
  measured_.held_out = !inputs_.evaluation.has_value();
  if (!measured_.held_out) return;
  training::Random random(uint64_t(inputs_.recipe.training().seed()), 0);
  const std::vector<int64_t> order = training::Permutation(inputs_.train.size(), random);
  const auto held = size_t(std::max<int64_t>(1, inputs_.train.size() / kHeldOutPart));
  inputs_.evaluation = training::Select(inputs_.train, std::span(order).first(held));
  inputs_.train = training::Select(inputs_.train, std::span(order).subspan(held));
}

absl::Status PackingJob::Prepare() {
  COLONNADE_RETURN_IF_ERROR(recipe::CheckSupported(inputs_.recipe));
  COLONNADE_ASSIGN_OR_RETURN(dense_, nn::FoldBatchNorms(nn::TrimSoftmax(inputs_.network)));
  COLONNADE_ASSIGN_OR_RETURN(plans_, PlanLayers(dense_, inputs_.recipe.packing()));
  COLONNADE_RETURN_IF_ERROR(CheckInputs());
  HoldOut();
  rounds_ = PlanRounds(inputs_.recipe);
  measured_.training_images = inputs_.train.size();
  measured_.epochs = TotalEpochs(rounds_);
  training::ConfigureRuntime(threads());
  const auto images = training::Normalized(inputs_.train, 0, std::min(kNormImages, inputs_.train.size()));
  COLONNADE_ASSIGN_OR_RETURN(network_, training::InsertBatchNorms(dense_, images));
  COLONNADE_RETURN_IF_ERROR(nn::InferShapes(network_));
  COLONNADE_ASSIGN_OR_RETURN(plans_, PlanLayers(network_, inputs_.recipe.packing()));
  return Restore();
}

absl::Status PackingJob::Restore() {
  if (hooks_.checkpoint.empty()) return absl::OkStatus();
  absl::StatusOr<Checkpoint> checkpoint = DecodeCheckpoint(hooks_.checkpoint, plans_);
  if (!checkpoint.ok() || checkpoint->round < 1 || checkpoint->round > int(rounds_.size())) return absl::OkStatus();
  resumed_ = *std::move(checkpoint);
  progress_.AddEarlier(resumed_->stage_seconds);
  return absl::OkStatus();
}

absl::Status PackingJob::MeasureBaseline() {
  std::vector<int64_t> first(size_t(std::min(kBaselineImages, inputs_.train.size())));
  std::iota(first.begin(), first.end(), int64_t{0});
  progress_.Enter(v1::JOB_STAGE_BASELINE, int64_t(first.size()), "dense network on training images");
  COLONNADE_ASSIGN_OR_RETURN(
      const training::Accuracy accuracy,
      MeasureAccuracy(TrainableNetwork(dense_), training::Select(inputs_.train, first), hooks_.stop));
  progress_.Measured(accuracy.value(), accuracy.images);
  return absl::OkStatus();
}

absl::Status PackingJob::PackAndTrain() {
  for (const Round& round : rounds_) {
    if (resumed_ && round.number < resumed_->round) continue;
    if (round.is_last || progress_.stage() != v1::JOB_STAGE_PACK) {
      progress_.Enter(round.is_last ? v1::JOB_STAGE_FINAL_TRAINING : v1::JOB_STAGE_PACK,
                      round.is_last ? round.epochs : EpochsBefore(rounds_.back()), "");
    }
    COLONNADE_RETURN_IF_ERROR(RunRound(round));
  }
  COLONNADE_ASSIGN_OR_RETURN(packed_, nn::FoldBatchNorms(network_));
  return absl::OkStatus();
}

int PackingJob::EpochsBefore(const Round& round) const {
  int epochs = 0;
  for (const Round& earlier : rounds_) epochs += earlier.number < round.number ? earlier.epochs : 0;
  return epochs;
}

training::TrainerOptions PackingJob::OptionsOf(const Round& round) const {
  training::TrainerOptions options = TrainerOptionsOf(inputs_.recipe.training(), inputs_.train.shape.channels);
  options.seed = training::Random(options.seed, uint64_t(round.number)).Next();
  return options;
}

absl::Status PackingJob::RunRound(const Round& round) {
  const bool resumes = resumed_ && resumed_->round == round.number;
  if (resumes) {
    combined_ = resumed_->combined;
  } else {
    COLONNADE_ASSIGN_OR_RETURN(combined_, CombineColumns(plans_, round, feed_rule(), network_));
  }
  progress_.Packed(round, combined_);
  training::Trainer trainer(network_, &dense_, inputs_.train, OptionsOf(round));
  if (resumes) {
    COLONNADE_RETURN_IF_ERROR(trainer.Restore(resumed_->trainer));
    measured_.images_used = resumed_->images_used;
  }
  COLONNADE_RETURN_IF_ERROR(Train(round, trainer));
  network_ = trainer.network();
  return absl::OkStatus();
}

absl::Status PackingJob::Train(const Round& round, training::Trainer& trainer) {
  const bool resumes = resumed_ && resumed_->round == round.number;
  const int before = round.is_last ? 0 : EpochsBefore(round);
  for (int epoch = resumes ? resumed_->epochs_done : 0; epoch < round.epochs; ++epoch) {
    COLONNADE_ASSIGN_OR_RETURN(const auto result, trainer.RunEpoch(epoch, round.epochs, hooks_.stop));
    measured_.images_used += result.images;
    progress_.Trained(result, before + epoch + 1, measured_.epochs - EpochsBefore(round) - epoch - 1);
    COLONNADE_RETURN_IF_ERROR(SaveCheckpoint(round, epoch + 1, trainer));
  }
  return absl::OkStatus();
}

absl::Status PackingJob::SaveCheckpoint(const Round& round, int epochs_done, const training::Trainer& trainer) {
  if (!hooks_.save) return absl::OkStatus();
  return hooks_.save(EncodeCheckpoint(
      {round.number, epochs_done, measured_.images_used, progress_.stage_seconds(), combined_, trainer.state()}));
}

absl::Status PackingJob::Quantize() {
  const int images = inputs_.recipe.quantization().images();
  progress_.Enter(v1::JOB_STAGE_QUANTIZE, std::min<int64_t>(images, inputs_.train.size()), "");
  COLONNADE_ASSIGN_OR_RETURN(quantized_, CalibrateAndQuantize(packed_, inputs_.train, images));
  quantized_.softmax = EndsInSoftmax(inputs_.network);
  return absl::OkStatus();
}

absl::Status PackingJob::Compile() {
  progress_.Enter(v1::JOB_STAGE_COMPILE, 0, "");
  COLONNADE_ASSIGN_OR_RETURN(auto program, compiler::Compile(quantized_, combined_.groupings, inputs_.array));
  program_ = Share(std::move(program));
  COLONNADE_ASSIGN_OR_RETURN(const quant::QuantizedNetwork dense,
                             CalibrateAndQuantize(dense_, inputs_.train, inputs_.recipe.quantization().images()));
  COLONNADE_ASSIGN_OR_RETURN(auto dense_program, compiler::CompileDense(dense, inputs_.array));
  dense_program_ = Share(std::move(dense_program));
  return absl::OkStatus();
}

absl::Status PackingJob::Verify() {
  progress_.Enter(v1::JOB_STAGE_VERIFY, 0, "reference = kernels");
  COLONNADE_RETURN_IF_ERROR(CheckWork());
  return VerifyProgram(quantized_, program_, inputs_.train, hooks_.stop);
}

// What must hold whatever the settings were.
absl::Status PackingJob::CheckWork() const {
  const bool full = rounds_.back().gamma >= inputs_.recipe.packing().alpha() - 1;
  COLONNADE_RETURN_IF_ERROR(CheckCombined(combined_, feed_rule(), full, packed_));
  const int64_t expected = measured_.epochs * measured_.training_images;
  if (measured_.images_used == expected) return absl::OkStatus();
  return absl::InternalError(fmt::format("training used {} images where {} were due", measured_.images_used, expected));
}

absl::Status PackingJob::Evaluate() {
  const Samples& evaluation = *inputs_.evaluation;
  progress_.Enter(v1::JOB_STAGE_EVALUATE, evaluation.size(), "");
  COLONNADE_ASSIGN_OR_RETURN(measured_.dense, MeasureAccuracy(TrainableNetwork(dense_), evaluation, hooks_.stop));
  COLONNADE_ASSIGN_OR_RETURN(measured_.packed, MeasureAccuracy(TrainableNetwork(packed_), evaluation, hooks_.stop));
  COLONNADE_ASSIGN_OR_RETURN(measured_.quantized, MeasureIntegerAccuracy(program_, evaluation, threads(), hooks_.stop));
  progress_.Measured(measured_.quantized.value(), evaluation.size());
  return absl::OkStatus();
}

absl::StatusOr<PackedNetwork> PackingJob::Result() {
  PackedNetwork result{program_, {}, {}};
  COLONNADE_ASSIGN_OR_RETURN(result.self_tests,
                             MakeGoldenVectors(program_, uint64_t(inputs_.recipe.training().seed())));
  const PackedLayers layers{dense_, packed_, combined_, quantized_, *program_, *dense_program_};
  result.result = MakeResult(measured_, layers, progress_.stage_seconds());
  return result;
}

}  // namespace

absl::StatusOr<PackedNetwork> RunPackingJob(JobInputs inputs, const JobHooks& hooks, Progress& progress) {
  PackingJob job(std::move(inputs), hooks, progress);
  COLONNADE_RETURN_IF_ERROR(job.Prepare());
  COLONNADE_RETURN_IF_ERROR(job.MeasureBaseline());
  COLONNADE_RETURN_IF_ERROR(job.PackAndTrain());
  COLONNADE_RETURN_IF_ERROR(job.Quantize());
  COLONNADE_RETURN_IF_ERROR(job.Compile());
  COLONNADE_RETURN_IF_ERROR(job.Verify());
  COLONNADE_RETURN_IF_ERROR(job.Evaluate());
  return job.Result();
}

}  // namespace colonnade::pipeline
