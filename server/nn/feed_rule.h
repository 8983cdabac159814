// SPDX-License-Identifier: Apache-2.0
// Which columns of a filter matrix may share an array column.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace colonnade::nn {

// The array's feeder brings one activation per lane to each array column; the
// rule says which activations it can bring together, from the most general to
// the cheapest hardware.
enum class FeedRule {
  kAny,           // any columns: a full crossbar
  kSameRow,       // columns of one kernel row (same dy)
  kSameTap,       // columns of one tap (same dy and dx)
  kChannelBlock,  // same tap, and the same partition of channels at every tap: no crossbar
};

std::string_view ToString(FeedRule rule);  // "any", "same_row", "same_tap", "channel_block"
absl::StatusOr<FeedRule> ParseFeedRule(std::string_view text);

}  // namespace colonnade::nn
