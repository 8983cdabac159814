// SPDX-License-Identifier: Apache-2.0
// How lowering refuses (lower.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace colonnade::machine {

// "FIELD: FOUND; at most MOST; REMEDY" when found > most.
absl::Status CheckAtMost(std::string_view field, int64_t found, int64_t most, std::string_view remedy);

}  // namespace colonnade::machine
