// SPDX-License-Identifier: Apache-2.0
// Which numbers a setting may be.
#pragma once

#include <limits>
#include <string_view>

#include "absl/status/status.h"

namespace colonnade::recipe {

inline constexpr double kUnlimited = std::numeric_limits<double>::max();

// Its bounds are allowed values unless open; NaN and infinities never are.
struct Range {
  double low = 0;
  double high = 0;  // kUnlimited: none
  enum Open { kClosed, kOpenLow, kOpenHigh, kOpenBoth } open = kClosed;
};

// INVALID_ARGUMENT "recipe.packing.alpha: 0 is not within 1 to 8".
absl::Status CheckRange(std::string_view field, double value, const Range& range);

}  // namespace colonnade::recipe
