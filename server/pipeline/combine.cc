// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/combine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/group_published.h"
#include "server/packing/group_search.h"
#include "server/packing/packing_problem.h"
#include "server/packing/prune_conflicts.h"
#include "server/packing/permute_rows.h"
#include "server/packing/prune_magnitude.h"

namespace colonnade::pipeline {
namespace {

using nn::FeedRule;
using nn::FilterMatrix;
using packing::Grouping;
using packing::PackingProblem;

int64_t Nonzeros(const FilterMatrix& matrix) {
  return std::count_if(matrix.values.begin(), matrix.values.end(), [](float value) { return value != 0; });
}

// Columns that may meet in a group, counted by their class.
std::map<std::pair<int, int>, int64_t> ClassSizes(const FilterMatrix& matrix, FeedRule rule) {
  std::map<std::pair<int, int>, int64_t> sizes;
  for (const int column : nn::NonzeroColumns(matrix)) {
    const nn::Column& site = matrix.column_sites[size_t(column)];
    const bool by_row = rule != FeedRule::kAny, by_tap = by_row && rule != FeedRule::kSameRow;
    ++sizes[{by_row ? site.dy : 0, by_tap ? site.dx : 0}];
  }
  return sizes;
}

int64_t FullGroups(const FilterMatrix& matrix, int alpha, FeedRule rule) {
  int64_t groups = 0;
  for (const auto& [feed_class, size] : ClassSizes(matrix, rule)) groups += (size + alpha - 1) / alpha;
  return groups;
}

// The share of the nonzero weights to prune.
double PruneShare(const FilterMatrix& matrix, const Round& round, int alpha, FeedRule rule) {
  const auto nonzeros = double(Nonzeros(matrix));
  if (nonzeros == 0) return 0;
  const double to_stay = (1 - round.prune_fraction * (1 - 1.0 / alpha)) * double(matrix.values.size());
  const double wanted = round.cumulative ? 1 - to_stay / nonzeros : round.prune_fraction;
  const double spare = 1 - double(matrix.rows * FullGroups(matrix, alpha, rule)) / nonzeros;
  return std::max(0.0, std::min(wanted, spare));
}

Grouping Singletons(const FilterMatrix& matrix) {
  Grouping grouping;
  for (const int column : nn::NonzeroColumns(matrix)) grouping.groups.push_back({column});
  return grouping;
}

std::span<const float> ImportanceOf(const training::Importance* importance, const std::string& layer) {
  if (importance == nullptr) return {};
  const auto found = importance->find(layer);
  return found == importance->end() ? std::span<const float>() : std::span<const float>(found->second);
}

absl::StatusOr<Grouping> GroupLayer(const PackingProblem& problem, const CombineRules& rules) {
  if (rules.adjacent) return packing::GroupAdjacentChannels(problem.matrix, problem.alpha);
  if (rules.grouping == v1::PackingSettings::PUBLISHED) return packing::GroupPublished(problem);
  if (rules.grouping == v1::PackingSettings::DENSE_FIRST) return packing::GroupDenseFirst(problem);
  COLONNADE_ASSIGN_OR_RETURN(packing::SearchResult result, packing::GroupBySearch(problem, {.seed = rules.seed}));
  return std::move(result.grouping);
}

absl::StatusOr<Grouping> CombineLayer(const LayerPlan& plan, const Round& round, const CombineRules& rules,
                                      FilterMatrix& matrix, int64_t& full_groups) {
  const int alpha = AlphaOf(plan, round);
  const bool fills = rules.adjacent || rules.grouping == v1::PackingSettings::SEARCH;
  const bool keeps_apart = rules.adjacent || rules.grouping == v1::PackingSettings::PUBLISHED;
  if (!plan.excluded && !rules.fades && !fills) {
    packing::PruneMagnitude(PruneShare(matrix, round, plan.alpha, rules.feed_rule), matrix);
  }
  full_groups = FullGroups(matrix, alpha, rules.feed_rule);
  if (plan.excluded) return Singletons(matrix);
  const std::vector<float> saliency = SaliencyOf(matrix, rules.importance, plan.name);
  const double gamma = fills ? alpha - 1 : round.gamma;
  const PackingProblem problem{matrix, alpha, gamma, rules.feed_rule, saliency};
  COLONNADE_RETURN_IF_ERROR(problem.Check());
  COLONNADE_ASSIGN_OR_RETURN(Grouping grouping, GroupLayer(problem, rules));
  COLONNADE_RETURN_IF_ERROR(problem.Verify(grouping));
  if (keeps_apart) full_groups = int64_t(grouping.groups.size());
  if (rules.fades) return grouping;
  packing::PruneConflicts(grouping, matrix, saliency);
  if (fills && rules.original != nullptr) {
    const nn::Layer& original = rules.original->layers[size_t(plan.layer)];
    packing::RefillCells(grouping, nn::ToFilterMatrix(*rules.original, original), matrix);
  }
  return grouping;
}

// The group of each column, or -1.
std::vector<int> GroupOfColumns(const Grouping& grouping, int columns) {
  std::vector<int> group_of(size_t(columns), -1);
  for (size_t group = 0; group < grouping.groups.size(); ++group) {
    for (const int column : grouping.groups[group]) group_of[size_t(column)] = int(group);
  }
  return group_of;
}

training::Cells CellsOfLayer(const nn::Layer& layer, const nn::Shape& input, const Grouping& grouping,
                             std::span<const float> importance) {
  const FilterMatrix matrix = nn::ToFilterMatrix(layer, input);
  const std::vector<int> columns = nn::ColumnsOfWeights(layer, input);
  const std::vector<int> group_of = GroupOfColumns(grouping, matrix.columns);
  const auto groups = int32_t(grouping.groups.size());
  training::Cells cells{layer.name, {}, int32_t(matrix.rows) * groups, {}};
  const size_t per_row = columns.size() / size_t(matrix.rows);
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto row = int32_t(i / per_row);
    const int group = group_of[size_t(columns[i])];
    cells.of_weight.push_back(group < 0 ? -1 : row * groups + group);
    cells.importance.push_back(importance.empty() ? 1 : importance[size_t(row) * matrix.columns + columns[i]]);
  }
  return cells;
}

absl::Status CheckLayer(const LayerPacking& layer, const Grouping& grouping, FeedRule rule, bool full,
                        const FilterMatrix& matrix) {
  const int alpha = layer.plan.excluded ? 1 : layer.plan.alpha;
  COLONNADE_RETURN_IF_ERROR((PackingProblem{matrix, alpha, 0, rule}.Verify(grouping)));
  if (!full || int64_t(grouping.groups.size()) <= layer.full_groups) return absl::OkStatus();
  return absl::InternalError(fmt::format("{} groups where {} would do", grouping.groups.size(), layer.full_groups));
}

}  // namespace

int64_t Combined::columns_before() const {
  int64_t sum = 0;
  for (const LayerPacking& layer : layers) sum += layer.plan.columns;
  return sum;
}

int64_t Combined::columns_after() const {
  int64_t sum = 0;
  for (const LayerPacking& layer : layers) sum += layer.columns_after;
  return sum;
}

double Combined::density() const {
  int64_t nonzeros = 0, weights = 0;
  for (const LayerPacking& layer : layers) {
    nonzeros += layer.nonzeros;
    weights += layer.weights;
  }
  return weights == 0 ? 0 : double(nonzeros) / double(weights);
}

absl::StatusOr<Combined> CombineColumns(const std::vector<LayerPlan>& plans, const Round& round,
                                        const CombineRules& rules, nn::Network& network) {
  Combined combined;
  for (const LayerPlan& plan : plans) {
    nn::Layer& layer = network.layers[size_t(plan.layer)];
    const nn::Shape& input = network.layers[size_t(layer.inputs[0])].output;
    FilterMatrix matrix = nn::ToFilterMatrix(layer, input);
    int64_t full_groups = 0;
    absl::StatusOr<Grouping> grouping = CombineLayer(plan, round, rules, matrix, full_groups);
    if (!grouping.ok()) return Annotate(grouping.status(), plan.name);
    nn::StoreFilterMatrix(matrix, input, layer);
    combined.layers.push_back({plan, matrix.rows, int64_t(grouping->groups.size()), full_groups, Nonzeros(matrix),
                               int64_t{matrix.rows} * matrix.columns});
    combined.groupings[plan.name] = *std::move(grouping);
  }
  return combined;
}

std::vector<training::Cells> CellsOf(const Combined& combined, const training::Importance* importance,
                                     const nn::Network& network) {
  std::vector<training::Cells> cells;
  for (const LayerPacking& packing : combined.layers) {
    if (packing.plan.excluded) continue;
    const nn::Layer& layer = network.layers[size_t(packing.plan.layer)];
    const nn::Shape& input = network.layers[size_t(layer.inputs[0])].output;
    cells.push_back(CellsOfLayer(layer, input, combined.groupings.at(packing.plan.name),
                                 ImportanceOf(importance, packing.plan.name)));
  }
  return cells;
}

std::vector<float> SaliencyOf(const FilterMatrix& matrix, const training::Importance* importance,
                              const std::string& layer) {
  const std::span<const float> values = ImportanceOf(importance, layer);
  std::vector<float> saliency(matrix.values.size());
  for (size_t i = 0; i < saliency.size(); ++i) {
    saliency[i] = matrix.values[i] * matrix.values[i] * (values.empty() ? 1 : values[i]);
  }
  return saliency;
}

void Recount(const nn::Network& network, Combined& combined) {
  std::map<std::string, int64_t> nonzeros;
  for (const nn::Layer& layer : network.layers) {
    if (!layer.is_matrix()) continue;
    nonzeros[layer.name] = Nonzeros(nn::ToFilterMatrix(network, layer));
  }
  for (LayerPacking& packing : combined.layers) packing.nonzeros = nonzeros.at(packing.plan.name);
}

absl::Status CheckCombined(const Combined& combined, FeedRule feed_rule, bool full, const nn::Network& network) {
  std::map<std::string, const nn::Layer*> by_name;
  for (const nn::Layer& layer : network.layers) by_name[layer.name] = &layer;
  for (const LayerPacking& packed : combined.layers) {
    const nn::Layer* layer = by_name[packed.plan.name];
    if (layer == nullptr || !layer->is_matrix()) {
      return absl::InternalError(fmt::format("{}: the packed layer is gone", packed.plan.name));
    }
    const FilterMatrix matrix = nn::ToFilterMatrix(network, *layer);
    const absl::Status status =
        CheckLayer(packed, combined.groupings.at(packed.plan.name), feed_rule, full, matrix);
    if (!status.ok()) return absl::InternalError(fmt::format("{}: {}", packed.plan.name, Message(status)));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::pipeline
