// SPDX-License-Identifier: Apache-2.0
// Settings of a packing job: defaults and ranges, as packing.proto documents them.
#pragma once

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"

namespace colonnade::recipe {

// The recipe with every default filled in. INVALID_ARGUMENT names the field
// ("recipe.training.final_epochs"), the value and the allowed range; unknown fields and
// enum values are refused, never dropped. `array_alpha` bounds every alpha.
absl::StatusOr<v1::Recipe> Resolve(const v1::Recipe& recipe, int array_alpha);

}  // namespace colonnade::recipe
