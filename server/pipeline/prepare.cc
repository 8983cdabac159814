// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "server/base/status.h"
#include "server/nn/transforms.h"
#include "server/packing/permute_rows.h"
#include "server/training/augment.h"
#include "server/training/insert_norms.h"
#include "server/training/synthesize.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {
namespace {

using training::Samples;
using training::TrainableNetwork;
using v1::PackingSettings;
using v1::TrainingSettings;

constexpr int64_t kLookedAt = 1000;  // training images, for BatchNorms and saliency
constexpr int64_t kProbed = 500;     // training images, for one accuracy of a scan
constexpr int kHeldOutPart = 10;     // one in ten

absl::Status CheckImages(const nn::Network& network, const Samples& samples) {
  if (samples.shape != network.input_shape()) {
    return InvalidField("dataset", fmt::format("images of {}; the network takes {}", nn::ToString(samples.shape),
                                               nn::ToString(network.input_shape())));
  }
  return training::Check(samples, int(network.output_shape().size()));
}

absl::Status CheckRecords(const JobInputs& inputs) {
  const int64_t least = inputs.evaluation ? 1 : 2;
  if (inputs.train.size() < least) {
    return InvalidField("dataset", fmt::format("{} records; at least {} are needed", inputs.train.size(), least));
  }
  const auto labelled = std::count_if(inputs.train.labels.begin(), inputs.train.labels.end(),
                                      [](int32_t label) { return label != training::kUnlabelled; });
  if (inputs.recipe.training().mode() == TrainingSettings::LABELS && labelled == 0) {
    return InvalidField("recipe.training.mode", "LABELS, but no record has a label; use TEACHER");
  }
  return absl::OkStatus();
}

absl::Status CheckAlphas(const std::vector<LayerPlan>& plans, int array_alpha) {
  for (const LayerPlan& plan : plans) {
    if (plan.alpha >= 1 && plan.alpha <= array_alpha) continue;
    return InvalidField("recipe.packing.alpha", fmt::format("{} for layer '{}'; must be 1 to {}, the array's",
                                                            plan.alpha, plan.name, array_alpha));
  }
  return absl::OkStatus();
}

class Preparation {
 public:
  Preparation(JobInputs inputs, Progress& progress, std::stop_token stop)
      : inputs_(std::move(inputs)), progress_(progress), stop_(std::move(stop)) {}

  absl::StatusOr<Prepared> Run() {
    trimmed_ = nn::TrimSoftmax(inputs_.network);
    COLONNADE_ASSIGN_OR_RETURN(result_.dense, nn::FoldBatchNorms(trimmed_));
    result_.dense = nn::ReadImagesByWindows(std::move(result_.dense));
    COLONNADE_RETURN_IF_ERROR(Check());
    training::ConfigureRuntime(inputs_.recipe.training().threads());
    COLONNADE_RETURN_IF_ERROR(ChooseImages());
    COLONNADE_RETURN_IF_ERROR(Permute());
    const auto images = training::Normalized(result_.train, 0, std::min(kLookedAt, result_.train.size()));
    COLONNADE_ASSIGN_OR_RETURN(result_.network, training::InsertBatchNorms(result_.dense, images));
    COLONNADE_RETURN_IF_ERROR(nn::InferShapes(result_.network));
    COLONNADE_ASSIGN_OR_RETURN(result_.plans, PlanLayers(result_.network, packing()));
    COLONNADE_ASSIGN_OR_RETURN(result_.importance, ImportanceOf(result_.network, images));
    COLONNADE_RETURN_IF_ERROR(Allocate());
    return std::move(result_);
  }

 private:
  const PackingSettings& packing() const { return inputs_.recipe.packing(); }
  uint64_t seed() const { return uint64_t(inputs_.recipe.training().seed()); }
  bool data_free() const { return inputs_.recipe.training().mode() == TrainingSettings::DATA_FREE; }

  absl::Status Check() const {
    COLONNADE_ASSIGN_OR_RETURN(const auto plans, PlanLayers(result_.dense, packing()));
    COLONNADE_RETURN_IF_ERROR(CheckAlphas(plans, inputs_.array.alpha));
    if (inputs_.evaluation) COLONNADE_RETURN_IF_ERROR(CheckImages(result_.dense, *inputs_.evaluation));
    if (data_free() && !inputs_.evaluation) {
      return InvalidField("recipe.training.mode", "DATA_FREE needs evaluation data, to measure what it did");
    }
    if (data_free()) return absl::OkStatus();
    COLONNADE_RETURN_IF_ERROR(CheckImages(result_.dense, inputs_.train));
    return CheckRecords(inputs_);
  }

  absl::Status ChooseImages() {
    result_.held_out = !inputs_.evaluation.has_value();
    if (result_.held_out) HoldOut();
    result_.evaluation = *std::move(inputs_.evaluation);
    if (!data_free()) {
      result_.train = std::move(inputs_.train);
      return absl::OkStatus();
    }
    training::SynthesisOptions options;
    options.images = inputs_.recipe.training().synthetic_images();
    options.seed = seed();
    const auto done = [&](int64_t images) { progress_.Done(images); };
    progress_.Enter(v1::JOB_STAGE_IMPORT, options.images, "synthesizing images");
    const std::vector<double> mean = result_.evaluation.mean, deviation = result_.evaluation.deviation;
    COLONNADE_ASSIGN_OR_RETURN(result_.train,
                               training::SynthesizeImages(trimmed_, mean, deviation, options, done, stop_));
    return absl::OkStatus();
  }

  // Takes a tenth of the training records out for the accuracies, chosen by the seed.
  void HoldOut() {
    training::Random random(seed(), 0);
    const std::vector<int64_t> order = training::Permutation(inputs_.train.size(), random);
    const auto held = size_t(std::max<int64_t>(1, inputs_.train.size() / kHeldOutPart));
    inputs_.evaluation = training::Select(inputs_.train, std::span(order).first(held));
    inputs_.train = training::Select(inputs_.train, std::span(order).subspan(held));
  }

  absl::Status Permute() {
    if (!packing().permute_rows()) return absl::OkStatus();
    COLONNADE_ASSIGN_OR_RETURN(const auto plans, PlanLayers(result_.dense, packing()));
    std::map<std::string, int> alpha;
    for (const LayerPlan& plan : plans) {
      if (!plan.excluded) alpha[plan.name] = plan.alpha;
    }
    const auto images = training::Normalized(result_.train, 0, std::min(kLookedAt, result_.train.size()));
    COLONNADE_ASSIGN_OR_RETURN(const training::Importance importance, ImportanceOf(result_.dense, images));
    COLONNADE_ASSIGN_OR_RETURN(
        packing::PermutedNetwork permuted,
        packing::PermuteRows(std::move(result_.dense), alpha, importance.empty() ? nullptr : &importance));
    result_.dense = std::move(permuted.network);
    return absl::OkStatus();
  }

  absl::StatusOr<training::Importance> ImportanceOf(const nn::Network& network, std::span<const float> images) const {
    switch (packing().saliency()) {
      case PackingSettings::INPUT_MAGNITUDE: return training::InputImportance(network, images);
      case PackingSettings::FISHER: return training::FisherImportance(network, images, seed());
      default: return training::Importance();
    }
  }

  absl::Status Allocate() {
    if (packing().allocation_case() == PackingSettings::ALLOCATION_NOT_SET) return absl::OkStatus();
    const Samples slice = training::First(result_.train, kProbed);
    const auto probe = [&](const nn::Network& network) -> absl::StatusOr<double> {
      COLONNADE_ASSIGN_OR_RETURN(const auto accuracy, MeasureAccuracy(TrainableNetwork(network), slice, stop_));
      return accuracy.value();
    };
    const Round last = PlanRounds(inputs_.recipe).back();
    const CombineRules rules = result_.RulesOf(last, inputs_.recipe, inputs_.array.feed_rule);
    COLONNADE_ASSIGN_OR_RETURN(
        result_.allocation, AllocateAlphas(result_.network, packing(), inputs_.array, rules, probe, result_.plans));
    return absl::OkStatus();
  }

  JobInputs inputs_;
  Progress& progress_;
  std::stop_token stop_;
  nn::Network trimmed_;  // as imported, without a Softmax
  Prepared result_;
};

}  // namespace

CombineRules Prepared::RulesOf(const Round& round, const v1::Recipe& recipe, nn::FeedRule feed_rule) const {
  CombineRules rules;
  rules.feed_rule = feed_rule;
  rules.grouping = recipe.packing().grouping();
  rules.importance = importance.empty() ? nullptr : &importance;
  rules.seed = uint64_t(recipe.training().seed());
  rules.original = &network;
  rules.adjacent = recipe.packing().permute_rows();
  rules.fades = round.is_last && round.epochs > 0 && recipe.training().fade() > 0;
  return rules;
}

absl::StatusOr<Prepared> Prepare(JobInputs inputs, Progress& progress, std::stop_token stop) {
  return Preparation(std::move(inputs), progress, std::move(stop)).Run();
}

}  // namespace colonnade::pipeline
