// SPDX-License-Identifier: Apache-2.0
// Alpha by layer under the recipe's limit of tiles, cycles, columns or accuracy.
//
//   COLONNADE_ASSIGN_OR_RETURN(allocation_, AllocateAlphas(network, settings, array, rules, probe, plans_));
//   ... the rounds combine with the plans' alphas ...
//   if (!allocation_.empty()) report["pareto"] = ParetoJson(allocation_);
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"
#include "server/array/array_config.h"
#include "server/nn/network.h"
#include "server/packing/allocate_alpha.h"
#include "server/pipeline/combine.h"

namespace colonnade::pipeline {

// The accuracy, 0 to 1, of a network on images that may be looked at while choosing: a
// slice of the training subset, never evaluation data.
using AccuracyProbe = std::function<absl::StatusOr<double>(const nn::Network& network)>;

// What the choice was made from, and the choice.
struct AlphaAllocation {
  packing::Resource limited = packing::Resource::kTiles;  // by what
  std::vector<packing::LayerChoices> table;               // of the plans, in their order
  packing::Allocation chosen;
  int64_t weights = 0;  // of the dense network, zeros included

  bool empty() const { return table.empty(); }
};

// Sets the alpha of each plan so that the network keeps within the recipe's limit and
// loses least. Tried are 1, 2, 4, ... and the plan's own alpha, which is the largest; an
// excluded layer stays as it is. For each the layer is combined alone as in the last
// round, its conflicts all pruned (`rules`, without fading), packed, cut into tiles and
// timed for `array`. Loss is
//   max_tiles, max_cycles, max_columns   the share of the network's saliency that pruning
//       costs. Squared weights are not comparable between layers, so without importance
//       every layer counts the share of its own, divided by the number of layers;
//   max_accuracy_drop                    what `probe` says the network loses with only
//       this layer pruned (0 if it gains), not retrained. Drops are summed, which is how
//       they add up while they are small. `probe` is called once for the dense network and
//       once per layer and alpha above 1.
// Without a limit in `settings` nothing changes and the result is empty. The same input
// gives the same result if `probe` does.
// INVALID_ARGUMENT, naming the recipe's field and the least that is possible, when no
// choice fits; errors of `probe` come through. REQUIRES: plans are of this network.
absl::StatusOr<AlphaAllocation> AllocateAlphas(const nn::Network& network, const v1::PackingSettings& settings,
                                               const array::ArrayConfig& array, CombineRules rules,
                                               const AccuracyProbe& probe, std::vector<LayerPlan>& plans);

// The allocation for the report:
//   by       "tiles", "cycles", "columns" or "accuracy_drop"
//   loss     "saliency" or "accuracy"
//   layers   names
//   points   from all dense to all at their largest alpha (packing::ParetoList)
//   chosen   as a point: alpha (by layer), density (nonzero weights / all weights),
//            columns, tiles, cycles, loss
// REQUIRES: !allocation.empty().
nlohmann::json ParetoJson(const AlphaAllocation& allocation);

}  // namespace colonnade::pipeline
