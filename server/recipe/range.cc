// SPDX-License-Identifier: Apache-2.0
#include "server/recipe/range.h"

#include <fmt/format.h>

#include <string>

#include "server/base/status.h"

namespace colonnade::recipe {
namespace {

bool Contains(const Range& range, double value) {
  const bool open_low = range.open == Range::kOpenLow || range.open == Range::kOpenBoth;
  const bool open_high = range.open == Range::kOpenHigh || range.open == Range::kOpenBoth;
  return (open_low ? value > range.low : value >= range.low) && (open_high ? value < range.high : value <= range.high);
}

std::string Describe(const Range& range) {
  if (range.high == kUnlimited)
    return fmt::format("{} {}", range.open == Range::kClosed ? "at least" : "above", range.low);
  switch (range.open) {
    case Range::kOpenLow: return fmt::format("above {} and at most {}", range.low, range.high);
    case Range::kOpenHigh: return fmt::format("at least {} and below {}", range.low, range.high);
    case Range::kOpenBoth: return fmt::format("above {} and below {}", range.low, range.high);
    default: return fmt::format("within {} to {}", range.low, range.high);
  }
}

}  // namespace

absl::Status CheckRange(std::string_view field, double value, const Range& range) {
  if (Contains(range, value)) return absl::OkStatus();
  return InvalidField(field, fmt::format("{} is not {}", value, Describe(range)));
}

}  // namespace colonnade::recipe
