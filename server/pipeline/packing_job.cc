// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/packing_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/nn/transforms.h"
#include "server/pipeline/checkpoint.h"
#include "server/pipeline/combine.h"
#include "server/pipeline/integer_network.h"
#include "server/pipeline/layer_errors.h"
#include "server/pipeline/prepare.h"
#include "server/pipeline/report.h"
#include "server/pipeline/schedule.h"
#include "server/quant/reweigh.h"
#include "server/recipe/supported.h"
#include "server/training/augment.h"
#include "server/training/compensate.h"
#include "server/training/trainable_network.h"
#include "server/training/trainer.h"

namespace colonnade::pipeline {
namespace {

using training::Samples;
using training::TrainableNetwork;

constexpr int64_t kBaselineImages = 1000;     // of the training subset, for the first look
constexpr int64_t kCompensationImages = 500;  // of the training subset
constexpr double kAwareRate = 0.1;            // learning rate of quantization-aware training, of the recipe's

std::shared_ptr<const array::ArrayProgram> Share(array::ArrayProgram program) {
  return std::make_shared<const array::ArrayProgram>(std::move(program));
}

class PackingJob {
 public:
  PackingJob(v1::Recipe recipe, array::ArrayConfig array, bool softmax, const JobHooks& hooks, Progress& progress)
      : recipe_(std::move(recipe)), array_(array), softmax_(softmax), hooks_(hooks), progress_(progress) {}

  absl::Status Start(Prepared prepared);
  absl::Status MeasureBaseline();
  absl::Status PackAndTrain();
  absl::Status Quantize();
  absl::Status Compile();
  absl::Status Verify();
  absl::Status Evaluate();
  absl::StatusOr<PackedNetwork> Result();

 private:
  absl::Status Restore();
  absl::Status Combine(const Round& round);
  absl::Status RunRound(const Round& round);
  absl::Status Train(const Round& round, training::Trainer& trainer);
  absl::Status RestoreAwareStart();
  absl::Status TrainAware(const Round& round);
  Round AwareRound() const;
  training::TrainerOptions OptionsOf(const Round& round) const;
  absl::Status SaveCheckpoint(const Round& round, int epochs_done, const training::Trainer& trainer);
  int EpochsBefore(const Round& round) const;
  absl::Status CheckWork() const;
  CombineRules RulesOf(const Round& round) const { return job_.RulesOf(round, recipe_, array_.feed_rule); }
  bool Resumes(const Round& round) const { return resumed_ && resumed_->round == round.number; }
  int threads() const { return recipe_.training().threads(); }
  const v1::QuantizationSettings& quantization() const { return recipe_.quantization(); }

  v1::Recipe recipe_;
  array::ArrayConfig array_;
  bool softmax_;  // put back for serving; it changes no accuracy
  const JobHooks& hooks_;
  Progress& progress_;

  Prepared job_;
  std::vector<Round> rounds_;
  std::optional<Checkpoint> resumed_;
  nn::Network network_;  // with BatchNorms, being packed
  nn::Network packed_;   // at the end: BatchNorms folded
  Combined combined_;    // of the present round
  std::vector<training::NamedValues> aware_start_;  // where quantization-aware training began
  quant::QuantizedNetwork quantized_;
  std::shared_ptr<const array::ArrayProgram> program_, dense_program_;
  Measurements measured_;
};

absl::Status PackingJob::Start(Prepared prepared) {
  job_ = std::move(prepared);
  network_ = job_.network;
  rounds_ = PlanRounds(recipe_);
  measured_.held_out = job_.held_out;
  measured_.training_images = job_.train.size();
  measured_.epochs = TotalEpochs(rounds_) + recipe_.quantization().aware_epochs();
  return Restore();
}

absl::Status PackingJob::Restore() {
  if (hooks_.checkpoint.empty()) return absl::OkStatus();
  absl::StatusOr<Checkpoint> checkpoint = DecodeCheckpoint(hooks_.checkpoint, job_.plans);
  if (!checkpoint.ok() || checkpoint->round < 1 || checkpoint->round > AwareRound().number) return absl::OkStatus();
  resumed_ = *std::move(checkpoint);
  progress_.AddEarlier(resumed_->stage_seconds);
  return absl::OkStatus();
}

absl::Status PackingJob::MeasureBaseline() {
  const Samples first = training::First(job_.train, kBaselineImages);
  progress_.Enter(v1::JOB_STAGE_BASELINE, first.size(), "dense network on training images");
  COLONNADE_ASSIGN_OR_RETURN(const training::Accuracy accuracy,
                             MeasureAccuracy(TrainableNetwork(job_.dense), first, hooks_.stop));
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

Round PackingJob::AwareRound() const {
  Round round = rounds_.back();
  ++round.number;
  round.is_last = true;
  round.epochs = recipe_.quantization().aware_epochs();
  return round;
}

int PackingJob::EpochsBefore(const Round& round) const {
  int epochs = 0;
  for (const Round& earlier : rounds_) epochs += earlier.number < round.number ? earlier.epochs : 0;
  return epochs;
}

training::TrainerOptions PackingJob::OptionsOf(const Round& round) const {
  training::TrainerOptions options = TrainerOptionsOf(recipe_.training(), job_.train.shape.channels);
  options.seed = training::Random(options.seed, uint64_t(round.number)).Next();
  if (!RulesOf(round).fades) options.fade = 0;
  return options;
}

absl::Status PackingJob::Combine(const Round& round) {
  const nn::Network before = network_;
  const CombineRules rules = RulesOf(round);
  COLONNADE_ASSIGN_OR_RETURN(combined_, CombineColumns(job_.plans, round, rules, network_));
  if (rules.fades || !recipe_.packing().compensate()) return absl::OkStatus();
  const auto images = training::Normalized(job_.train, 0, std::min(kCompensationImages, job_.train.size()));
  const auto cells = CellsOf(combined_, nullptr, network_);
  COLONNADE_ASSIGN_OR_RETURN(network_, training::Compensate(before, network_, cells, images, hooks_.stop));
  return absl::OkStatus();
}

absl::Status PackingJob::RunRound(const Round& round) {
  if (Resumes(round)) {
    combined_ = resumed_->combined;
  } else {
    COLONNADE_RETURN_IF_ERROR(Combine(round));
  }
  progress_.Packed(round, combined_);
  const CombineRules rules = RulesOf(round);
  std::vector<training::Cells> cells;
  if (rules.fades) cells = CellsOf(combined_, rules.importance, network_);
  training::Trainer trainer(network_, &job_.dense, job_.train, OptionsOf(round), std::move(cells));
  if (Resumes(round)) {
    COLONNADE_RETURN_IF_ERROR(trainer.Restore(resumed_->trainer));
    measured_.images_used = resumed_->images_used;
  }
  COLONNADE_RETURN_IF_ERROR(Train(round, trainer));
  network_ = trainer.network();
  Recount(network_, combined_);
  return absl::OkStatus();
}

absl::Status PackingJob::Train(const Round& round, training::Trainer& trainer) {
  const int before = round.is_last ? 0 : EpochsBefore(round);
  for (int epoch = Resumes(round) ? resumed_->epochs_done : 0; epoch < round.epochs; ++epoch) {
    COLONNADE_ASSIGN_OR_RETURN(const auto result, trainer.RunEpoch(epoch, round.epochs, hooks_.stop));
    measured_.images_used += result.images;
    measured_.curve.push_back({round.number, result.loss, result.accuracy});
    progress_.Trained(result, before + epoch + 1, measured_.epochs - EpochsBefore(round) - epoch - 1);
    COLONNADE_RETURN_IF_ERROR(SaveCheckpoint(round, epoch + 1, trainer));
  }
  return absl::OkStatus();
}

absl::Status PackingJob::SaveCheckpoint(const Round& round, int epochs_done, const training::Trainer& trainer) {
  if (!hooks_.save) return absl::OkStatus();
  return hooks_.save(EncodeCheckpoint({round.number, epochs_done, measured_.images_used, progress_.stage_seconds(),
                                       combined_, trainer.state(), aware_start_}));
}

// Scales are chosen and biases corrected on the network as it is now. Training on the integer
// network's roundings comes after: it keeps the scales and goes on from the corrected biases.
// The other way round, correction would pull what was learnt with the roundings in sight back
// to the means of weights that were never meant to be used unrounded.
absl::Status PackingJob::Quantize() {
  const Round round = AwareRound();
  progress_.Enter(v1::JOB_STAGE_QUANTIZE, round.epochs, "");
  if (Resumes(round)) COLONNADE_RETURN_IF_ERROR(RestoreAwareStart());
  COLONNADE_ASSIGN_OR_RETURN(quantized_, CalibrateAndQuantize(packed_, job_.train, quantization()));
  if (round.epochs > 0) COLONNADE_RETURN_IF_ERROR(TrainAware(round));
  quantized_.softmax = softmax_;
  return absl::OkStatus();
}

// What calibration saw: the network before its biases were corrected.
absl::Status PackingJob::RestoreAwareStart() {
  combined_ = resumed_->combined;
  training::Trainer start(packed_, nullptr, job_.train, OptionsOf(AwareRound()));
  COLONNADE_RETURN_IF_ERROR(start.Restore(resumed_->start));
  packed_ = start.network();
  return absl::OkStatus();
}

absl::Status PackingJob::TrainAware(const Round& round) {
  training::TrainerOptions options = OptionsOf(round);
  options.fade = 0;
  options.learning_rate *= kAwareRate;
  aware_start_ = training::Trainer(packed_, nullptr, job_.train, options).state();
  if (quantization().bias_correction()) packed_ = quant::WithBiasesOf(quantized_, std::move(packed_));
  training::Trainer trainer(packed_, &job_.dense, job_.train, options, {}, &quantized_);
  if (Resumes(round)) {
    COLONNADE_RETURN_IF_ERROR(trainer.Restore(resumed_->trainer));
    measured_.images_used = resumed_->images_used;
  }
  COLONNADE_RETURN_IF_ERROR(Train(round, trainer));
  packed_ = trainer.network();
  COLONNADE_ASSIGN_OR_RETURN(quantized_, quant::WithWeightsOf(packed_, std::move(quantized_)));
  Recount(packed_, combined_);
  return absl::OkStatus();
}

absl::Status PackingJob::Compile() {
  progress_.Enter(v1::JOB_STAGE_COMPILE, 0, "");
  COLONNADE_ASSIGN_OR_RETURN(auto program, compiler::Compile(quantized_, combined_.groupings, array_));
  program_ = Share(std::move(program));
  COLONNADE_ASSIGN_OR_RETURN(const quant::QuantizedNetwork dense,
                             CalibrateAndQuantize(job_.dense, job_.train, quantization()));
  COLONNADE_ASSIGN_OR_RETURN(auto dense_program, compiler::CompileDense(dense, array_));
  dense_program_ = Share(std::move(dense_program));
  return absl::OkStatus();
}

absl::Status PackingJob::Verify() {
  progress_.Enter(v1::JOB_STAGE_VERIFY, 0, "reference = kernels");
  COLONNADE_RETURN_IF_ERROR(CheckWork());
  COLONNADE_RETURN_IF_ERROR(VerifyProgram(quantized_, program_, job_.train, hooks_.stop));
  const Samples images = training::First(job_.train, quantization().images());
  COLONNADE_ASSIGN_OR_RETURN(measured_.layer_errors, MeasureLayerErrors(packed_, program_, images, hooks_.stop));
  measured_.layer_error_images = images.size();
  return absl::OkStatus();
}

// What must hold whatever the settings were.
absl::Status PackingJob::CheckWork() const {
  const bool full = rounds_.back().gamma >= recipe_.packing().alpha() - 1;
  COLONNADE_RETURN_IF_ERROR(CheckCombined(combined_, array_.feed_rule, full, packed_));
  const int64_t expected = measured_.epochs * measured_.training_images;
  if (measured_.images_used == expected) return absl::OkStatus();
  return absl::InternalError(fmt::format("training used {} images where {} were due", measured_.images_used, expected));
}

absl::Status PackingJob::Evaluate() {
  const Samples& evaluation = job_.evaluation;
  progress_.Enter(v1::JOB_STAGE_EVALUATE, evaluation.size(), "");
  COLONNADE_ASSIGN_OR_RETURN(measured_.dense, MeasureAccuracy(TrainableNetwork(job_.dense), evaluation, hooks_.stop));
  COLONNADE_ASSIGN_OR_RETURN(measured_.dense_quantized,
                             MeasureIntegerAccuracy(dense_program_, evaluation, threads(), hooks_.stop));
  COLONNADE_ASSIGN_OR_RETURN(measured_.packed, MeasureAccuracy(TrainableNetwork(packed_), evaluation, hooks_.stop));
  COLONNADE_ASSIGN_OR_RETURN(measured_.quantized, MeasureIntegerAccuracy(program_, evaluation, threads(), hooks_.stop));
  progress_.Measured(measured_.quantized.value(), evaluation.size());
  return absl::OkStatus();
}

absl::StatusOr<PackedNetwork> PackingJob::Result() {
  PackedNetwork result{program_, {}, {}};
  COLONNADE_ASSIGN_OR_RETURN(result.self_tests, MakeGoldenVectors(program_, uint64_t(recipe_.training().seed())));
  const PackedLayers layers{job_.dense, packed_, combined_, quantized_, *program_, *dense_program_, job_};
  result.result = MakeResult(measured_, layers, progress_.stage_seconds());
  return result;
}

}  // namespace

absl::StatusOr<PackedNetwork> RunPackingJob(JobInputs inputs, const JobHooks& hooks, Progress& progress) {
  COLONNADE_RETURN_IF_ERROR(recipe::CheckSupported(inputs.recipe));
  const bool softmax = inputs.network.layers.back().as<nn::Softmax>() != nullptr;
  PackingJob job(inputs.recipe, inputs.array, softmax, hooks, progress);
  COLONNADE_ASSIGN_OR_RETURN(Prepared prepared, Prepare(std::move(inputs), progress, hooks.stop));
  COLONNADE_RETURN_IF_ERROR(job.Start(std::move(prepared)));
  COLONNADE_RETURN_IF_ERROR(job.MeasureBaseline());
  COLONNADE_RETURN_IF_ERROR(job.PackAndTrain());
  COLONNADE_RETURN_IF_ERROR(job.Quantize());
  COLONNADE_RETURN_IF_ERROR(job.Compile());
  COLONNADE_RETURN_IF_ERROR(job.Verify());
  COLONNADE_RETURN_IF_ERROR(job.Evaluate());
  return job.Result();
}

}  // namespace colonnade::pipeline
