// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "server/base/status.h"
#include "server/nn/filter_matrix.h"

namespace colonnade::pipeline {
namespace {

using v1::PackingSettings;
using v1::TrainingSettings;

constexpr double kPruneDecay = 0.9;  // of the pruned share, per round (the paper's)

double LastGamma(const PackingSettings& settings) {
  const double full = settings.alpha() - 1;
  double gamma = settings.has_final_gamma() ? settings.final_gamma() : full;
  if (gamma < full) return gamma;
  for (const v1::LayerOverride& layer : settings.layers()) gamma = std::max(gamma, double(layer.alpha() - 1));
  return gamma;
}

double PruneFractionOf(const TrainingSettings& settings, int round) {
  if (settings.prune_schedule() != TrainingSettings::CUBIC) {
    return settings.prune_fraction() * std::pow(kPruneDecay, round - 1);
  }
  const double left = 1 - double(round) / settings.rounds();
  return settings.prune_fraction() * (1 - left * left * left);
}

}  // namespace

int AlphaOf(const LayerPlan& plan, const Round& round) {
  if (plan.excluded) return 1;
  const auto grown = int(std::ceil(std::pow(plan.alpha, round.growth) - 1e-9));
  return std::clamp(grown, std::min(2, plan.alpha), plan.alpha);
}

// Only the latest star is ever tried longer: what an earlier one could take instead, the
// latest one can take as well. So the time is at most the product of the lengths.
bool Matches(std::string_view pattern, std::string_view text) {
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0, t = 0, star = kNone, star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

absl::StatusOr<std::vector<LayerPlan>> PlanLayers(const nn::Network& network, const PackingSettings& settings) {
  std::vector<LayerPlan> plans;
  std::vector<bool> used(size_t(settings.layers_size()));
  for (int i = 0; i < int(network.layers.size()); ++i) {
    const nn::Layer& layer = network.layers[size_t(i)];
    if (!layer.is_matrix()) continue;
    const auto columns = int64_t(nn::NonzeroColumns(nn::ToFilterMatrix(network, layer)).size());
    LayerPlan& plan = plans.emplace_back(LayerPlan{i, layer.name, columns, settings.alpha(), false});
    for (int k = settings.layers_size() - 1; k >= 0; --k) {
      const v1::LayerOverride& override = settings.layers(k);
      if (!Matches(override.pattern(), layer.name)) continue;
      used[size_t(k)] = true;
      plan.alpha = override.has_alpha() ? override.alpha() : settings.alpha();
      plan.excluded = override.exclude();
    }
  }
  for (int k = 0; k < settings.layers_size(); ++k) {
    if (used[size_t(k)]) continue;
    return InvalidField(fmt::format("recipe.packing.layers[{}].pattern", k),
                        fmt::format("'{}' fits no layer with weights", settings.layers(k).pattern()));
  }
  return plans;
}

std::vector<Round> PlanRounds(const v1::Recipe& recipe) {
  const PackingSettings& packing = recipe.packing();
  const TrainingSettings& training = recipe.training();
  const int count = training.rounds();
  std::vector<Round> rounds;
  for (int number = 1; number <= count; ++number) {
    const bool last = number == count;
    const double growth = packing.gradual_alpha() ? double(number) / count : 1;
    rounds.push_back({number, last, PruneFractionOf(training, number), growth,
                      last ? LastGamma(packing) : packing.gamma(),
                      last ? training.final_epochs() : training.epochs_per_round(),
                      training.prune_schedule() == TrainingSettings::CUBIC});
  }
  return rounds;
}

int TotalEpochs(const std::vector<Round>& rounds) {
  int epochs = 0;
  for (const Round& round : rounds) epochs += round.epochs;
  return epochs;
}

training::TrainerOptions TrainerOptionsOf(const TrainingSettings& settings, int channels) {
  training::TrainerOptions options;
  options.batch_size = settings.batch_size();
  options.learning_rate = settings.learning_rate();
  options.momentum = settings.momentum();
  options.weight_decay = settings.weight_decay();
  options.temperature = settings.temperature();
  options.distillation = settings.distillation_weight();
  options.feature_weight = settings.feature_weight();
  options.fade = settings.fade();
  options.mix = settings.mix();
  if (settings.mode() == TrainingSettings::LABELS) options.distillation = 0;
  const auto mode = settings.mode();
  if (mode == TrainingSettings::TEACHER || mode == TrainingSettings::DATA_FREE) options.distillation = 1;
  const auto augmentation = settings.augmentation();
  options.augmentation.translate = augmentation != TrainingSettings::NONE;
  options.augmentation.mirror = augmentation == TrainingSettings::TRANSLATE_AND_MIRROR ||
                                (augmentation == TrainingSettings::AUTO && channels == 3);
  options.seed = uint64_t(settings.seed());
  return options;
}

}  // namespace colonnade::pipeline
