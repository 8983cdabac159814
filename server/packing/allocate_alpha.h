// SPDX-License-Identifier: Apache-2.0
// Alpha layer by layer: the largest groups where they cost least, under a limit on what
// the whole network needs of the array or loses. Pure arithmetic on a table; pipeline/
// makes the table (allocate.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace colonnade::packing {

// What a layer needs and loses at one alpha.
struct AlphaChoice {
  int alpha = 1;
  int64_t columns = 0;  // of the array: groups
  int64_t tiles = 0;
  int64_t cycles = 0;    // for one image
  int64_t nonzeros = 0;  // weights that remain
  double loss = 0;       // saliency lost, or accuracy; not negative
};

// A matrix layer with at least one choice, in any order.
struct LayerChoices {
  std::string name;
  std::vector<AlphaChoice> choices;
};

enum class Resource { kTiles, kCycles, kColumns, kLoss };

struct AlphaLimit {
  Resource resource = Resource::kTiles;
  double most = 0;         // summed over all layers
  std::string_view field;  // names the limit in errors, such as "recipe.packing.max_tiles"
};

// One choice per layer, and the sums.
struct Allocation {
  std::vector<int> chosen;  // [layers], index into choices
  int64_t columns = 0;
  int64_t tiles = 0;
  int64_t cycles = 0;
  int64_t nonzeros = 0;
  double loss = 0;
};

// The choices of least total loss, then fewest cycles, whose tiles, cycles or columns
// keep within the limit. With Resource::kLoss, those of fewest cycles, then columns, whose
// loss does; the limit then allows for rounding of the sum. The optimum, unless sums of
// the table take very many different values: allocate_alpha_knapsack.cc says what is
// guaranteed then. The same table gives the same answer.
// INVALID_ARGUMENT, naming the limit and the least that is possible, when nothing fits;
// or the layer, when it has no choice or a value that is negative or not finite.
absl::StatusOr<Allocation> AllocateAlpha(const std::vector<LayerChoices>& layers, const AlphaLimit& limit);

// From every layer dense (its smallest alpha) to every layer at its largest alpha: what
// is gained of `by` for which loss. Each step between moves one layer on, first the one
// that gives most of `by` per loss, so that no allocation needs less of `by` at a loss as
// small; steps that gain nothing come last, together. With kLoss, cycles stand for `by`.
// REQUIRES: AllocateAlpha() takes the table.
std::vector<Allocation> ParetoList(const std::vector<LayerChoices>& layers, Resource by);

}  // namespace colonnade::packing
