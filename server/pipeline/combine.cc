// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/combine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/packing_problem.h"
#include "server/packing/prune_conflicts.h"
#include "server/packing/prune_magnitude.h"

namespace colonnade::pipeline {
namespace {

using nn::FeedRule;
using nn::FilterMatrix;
using packing::Grouping;
using packing::PackingProblem;

std::vector<int> NonzeroColumns(const FilterMatrix& matrix) {
  std::vector<int> columns;
  for (int column = 0; column < matrix.columns; ++column) {
    for (int row = 0; row < matrix.rows; ++row) {
      if (matrix.at(row, column) == 0) continue;
      columns.push_back(column);
      break;
    }
  }
  return columns;
}

int64_t Nonzeros(const FilterMatrix& matrix) {
  return std::count_if(matrix.values.begin(), matrix.values.end(), [](float value) { return value != 0; });
}

// Columns that may meet in a group, counted by their class.
std::map<std::pair<int, int>, int64_t> ClassSizes(const FilterMatrix& matrix, FeedRule rule) {
  std::map<std::pair<int, int>, int64_t> sizes;
  for (const int column : NonzeroColumns(matrix)) {
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
double PruneShare(const FilterMatrix& matrix, double fraction, int alpha, FeedRule rule) {
  const int64_t nonzeros = Nonzeros(matrix);
  if (nonzeros == 0) return 0;
  const double spare = 1 - double(matrix.rows * FullGroups(matrix, alpha, rule)) / double(nonzeros);
  return std::clamp(spare, 0.0, fraction);
}

Grouping Singletons(const FilterMatrix& matrix) {
  Grouping grouping;
  for (const int column : NonzeroColumns(matrix)) grouping.groups.push_back({column});
  return grouping;
}

absl::StatusOr<Grouping> CombineLayer(const LayerPlan& plan, const Round& round, FeedRule rule, FilterMatrix& matrix,
                                      int64_t& full_groups) {
  const int alpha = plan.excluded ? 1 : std::min(plan.alpha, round.alpha);
  if (!plan.excluded) {
    packing::PruneMagnitude(PruneShare(matrix, round.prune_fraction, plan.alpha, rule), matrix);
  }
  full_groups = FullGroups(matrix, alpha, rule);
  if (plan.excluded) return Singletons(matrix);
  const PackingProblem problem{matrix, alpha, round.gamma, rule};
  COLONNADE_RETURN_IF_ERROR(problem.Check());
  Grouping grouping = packing::GroupDenseFirst(problem);
  COLONNADE_RETURN_IF_ERROR(problem.Verify(grouping));
  packing::PruneConflicts(grouping, matrix);
  return grouping;
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
                                        FeedRule feed_rule, nn::Network& network) {
  Combined combined;
  for (const LayerPlan& plan : plans) {
    nn::Layer& layer = network.layers[size_t(plan.layer)];
    const nn::Shape& input = network.layers[size_t(layer.inputs[0])].output;
    FilterMatrix matrix = nn::ToFilterMatrix(layer, input);
    int64_t full_groups = 0;
    absl::StatusOr<Grouping> grouping = CombineLayer(plan, round, feed_rule, matrix, full_groups);
    if (!grouping.ok()) return Annotate(grouping.status(), plan.name);
    nn::StoreFilterMatrix(matrix, input, layer);
    combined.layers.push_back({plan, matrix.rows, int64_t(grouping->groups.size()), full_groups, Nonzeros(matrix),
                               int64_t{matrix.rows} * matrix.columns});
    combined.groupings[plan.name] = *std::move(grouping);
  }
  return combined;
}

absl::Status CheckCombined(const Combined& combined, FeedRule feed_rule, bool full, const nn::Network& network) {
  std::map<std::string, const nn::Layer*> by_name;
  for (const nn::Layer& layer : network.layers) by_name[layer.name] = &layer;
  for (const LayerPacking& packed : combined.layers) {
    const nn::Layer* layer = by_name[packed.plan.name];
    if (layer == nullptr || !layer->is_matrix()) {
      return absl::InternalError(fmt::format("{}: the packed layer is gone", packed.plan.name));
    }
    const FilterMatrix matrix = nn::ToFilterMatrix(*layer, network.layers[size_t(layer->inputs[0])].output);
    const absl::Status status =
        CheckLayer(packed, combined.groupings.at(packed.plan.name), feed_rule, full, matrix);
    if (!status.ok()) return absl::InternalError(fmt::format("{}: {}", packed.plan.name, Message(status)));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::pipeline
