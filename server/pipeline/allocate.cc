// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/allocate.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "server/base/status.h"
#include "server/compiler/cycle_model.h"
#include "server/compiler/pack.h"
#include "server/compiler/tile.h"
#include "server/nn/filter_matrix.h"

namespace colonnade::pipeline {
namespace {

using nn::FilterMatrix;
using packing::AlphaChoice;
using packing::AlphaLimit;
using packing::Resource;
using v1::PackingSettings;

std::optional<AlphaLimit> LimitOf(const PackingSettings& settings) {
  switch (settings.allocation_case()) {
    case PackingSettings::kMaxTiles:
      return AlphaLimit{Resource::kTiles, double(settings.max_tiles()), "recipe.packing.max_tiles"};
    case PackingSettings::kMaxCycles:
      return AlphaLimit{Resource::kCycles, double(settings.max_cycles()), "recipe.packing.max_cycles"};
    case PackingSettings::kMaxColumns:
      return AlphaLimit{Resource::kColumns, double(settings.max_columns()), "recipe.packing.max_columns"};
    case PackingSettings::kMaxAccuracyDrop:
      return AlphaLimit{Resource::kLoss, settings.max_accuracy_drop(), "recipe.packing.max_accuracy_drop"};
    case PackingSettings::ALLOCATION_NOT_SET: break;
  }
  return std::nullopt;
}

std::string_view NameOf(Resource resource) {
  switch (resource) {
    case Resource::kTiles: return "tiles";
    case Resource::kCycles: return "cycles";
    case Resource::kColumns: return "columns";
    case Resource::kLoss: break;
  }
  return "accuracy_drop";
}

std::vector<int> AlphasOf(const LayerPlan& plan) {
  std::vector<int> alphas;
  const int most = plan.excluded ? 1 : plan.alpha;
  for (int alpha = 1; alpha < most; alpha *= 2) alphas.push_back(alpha);
  alphas.push_back(most);
  return alphas;
}

FilterMatrix MatrixOf(const nn::Network& network, int layer) {
  return nn::ToFilterMatrix(network, network.layers[size_t(layer)]);
}

// All that tiling asks of weights is which ones are there.
quant::WeightMatrix Signs(const FilterMatrix& matrix) {
  quant::WeightMatrix signs{matrix.rows, matrix.columns, {}, matrix.column_sites};
  for (const float value : matrix.values) signs.values.push_back(int8_t((value > 0) - (value < 0)));
  return signs;
}

class TableMaker {
 public:
  TableMaker(const nn::Network& network, const array::ArrayConfig& array, const CombineRules& rules)
      : network_(network), array_(array), rules_(rules) {}

  // By `probe` if there is one, else by saliency.
  absl::StatusOr<std::vector<packing::LayerChoices>> Make(const std::vector<LayerPlan>& plans,
                                                          const AccuracyProbe* probe) {
    if (probe != nullptr) {
      COLONNADE_ASSIGN_OR_RETURN(dense_accuracy_, (*probe)(network_));
    }
    for (const LayerPlan& plan : plans) all_saliency_ += Total(plan);
    std::vector<packing::LayerChoices> table;
    for (const LayerPlan& plan : plans) {
      packing::LayerChoices& layer = table.emplace_back(packing::LayerChoices{plan.name, {}});
      for (const int alpha : AlphasOf(plan)) {
        COLONNADE_ASSIGN_OR_RETURN(AlphaChoice choice, Try(plan, alpha, probe));
        if (probe == nullptr) choice.loss *= rules_.importance ? 1 / all_saliency_ : 1 / double(plans.size());
        layer.choices.push_back(choice);
      }
    }
    return table;
  }

 private:
  double Total(const LayerPlan& plan) const {
    double total = 0;
    for (const float value : SaliencyOf(plan)) total += value;
    return std::max(total, 1e-300);
  }

  std::vector<float> SaliencyOf(const LayerPlan& plan) const {
    return pipeline::SaliencyOf(MatrixOf(network_, plan.layer), rules_.importance, plan.name);
  }

  absl::StatusOr<AlphaChoice> Try(LayerPlan plan, int alpha, const AccuracyProbe* probe) const {
    plan.alpha = alpha;
    nn::Network pruned = network_;
    const Round last{1, true, 0, 1, double(alpha - 1), 0};
    COLONNADE_ASSIGN_OR_RETURN(const Combined combined, CombineColumns({plan}, last, rules_, pruned));
    COLONNADE_ASSIGN_OR_RETURN(AlphaChoice choice, Measure(plan, combined, MatrixOf(pruned, plan.layer)));
    if (probe == nullptr || alpha == 1) return choice;
    COLONNADE_ASSIGN_OR_RETURN(const double accuracy, (*probe)(pruned));
    choice.loss = std::max(0.0, dense_accuracy_ - accuracy);
    return choice;
  }

  // `loss`: saliency lost, of the network's if there is importance, else as a share of the layer's.
  absl::StatusOr<AlphaChoice> Measure(const LayerPlan& plan, const Combined& combined,
                                      const FilterMatrix& pruned) const {
    COLONNADE_ASSIGN_OR_RETURN(const array::PackedMatrix packed,
                               compiler::Pack(Signs(pruned), combined.groupings.at(plan.name), array_));
    std::vector<array::Tile> tiles = compiler::CutIntoTiles(packed, array_);
    const nn::Shape& output = network_.layers[size_t(plan.layer)].output;
    const array::Cycles cycles = compiler::PredictCycles(array_, int64_t{output.height} * output.width, tiles);
    AlphaChoice choice{plan.alpha, packed.groups, int64_t(tiles.size()), cycles.total(), 0, 0};
    const std::vector<float> saliency = SaliencyOf(plan);
    for (size_t i = 0; i < saliency.size(); ++i) {
      if (pruned.values[i] != 0) {
        ++choice.nonzeros;
      } else {
        choice.loss += saliency[i];
      }
    }
    if (rules_.importance == nullptr) choice.loss /= Total(plan);
    return choice;
  }

  const nn::Network& network_;
  const array::ArrayConfig& array_;
  const CombineRules& rules_;
  double dense_accuracy_ = 0;
  double all_saliency_ = 0;
};

nlohmann::json ToJson(const packing::Allocation& point, const AlphaAllocation& allocation) {
  nlohmann::json alphas = nlohmann::json::array();
  for (size_t i = 0; i < point.chosen.size(); ++i) {
    alphas.push_back(allocation.table[i].choices[size_t(point.chosen[i])].alpha);
  }
  const double density = allocation.weights == 0 ? 0 : double(point.nonzeros) / double(allocation.weights);
  return {{"alpha", alphas},      {"density", density},     {"columns", point.columns},
          {"tiles", point.tiles}, {"cycles", point.cycles}, {"loss", point.loss}};
}

}  // namespace

absl::StatusOr<AlphaAllocation> AllocateAlphas(const nn::Network& network, const PackingSettings& settings,
                                               const array::ArrayConfig& array, CombineRules rules,
                                               const AccuracyProbe& probe, std::vector<LayerPlan>& plans) {
  const std::optional<AlphaLimit> limit = LimitOf(settings);
  if (!limit) return AlphaAllocation{};
  rules.fades = false;
  AlphaAllocation allocation;
  allocation.limited = limit->resource;
  const bool probes = limit->resource == Resource::kLoss;
  COLONNADE_ASSIGN_OR_RETURN(allocation.table,
                             TableMaker(network, array, rules).Make(plans, probes ? &probe : nullptr));
  COLONNADE_ASSIGN_OR_RETURN(allocation.chosen, packing::AllocateAlpha(allocation.table, *limit));
  for (size_t i = 0; i < plans.size(); ++i) {
    allocation.weights += int64_t(MatrixOf(network, plans[i].layer).values.size());
    if (plans[i].excluded) continue;
    plans[i].alpha = allocation.table[i].choices[size_t(allocation.chosen.chosen[i])].alpha;
  }
  return allocation;
}

nlohmann::json ParetoJson(const AlphaAllocation& allocation) {
  nlohmann::json layers = nlohmann::json::array(), points = nlohmann::json::array();
  for (const packing::LayerChoices& layer : allocation.table) layers.push_back(layer.name);
  for (const packing::Allocation& point : packing::ParetoList(allocation.table, allocation.limited)) {
    points.push_back(ToJson(point, allocation));
  }
  return {{"by", NameOf(allocation.limited)},
          {"loss", allocation.limited == Resource::kLoss ? "accuracy" : "saliency"},
          {"layers", layers},
          {"chosen", ToJson(allocation.chosen, allocation)},
          {"points", points}};
}

}  // namespace colonnade::pipeline
