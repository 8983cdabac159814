// SPDX-License-Identifier: Apache-2.0
#include "server/nn/feed_rule.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace colonnade::nn {
namespace {

constexpr std::array<std::pair<FeedRule, std::string_view>, 4> kNames = {{
    {FeedRule::kAny, "any"},
    {FeedRule::kSameRow, "same_row"},
    {FeedRule::kSameTap, "same_tap"},
    {FeedRule::kChannelBlock, "channel_block"},
}};

}  // namespace

std::string_view ToString(FeedRule rule) {
  for (const auto& [value, name] : kNames) {
    if (value == rule) return name;
  }
  return "invalid";
}

absl::StatusOr<FeedRule> ParseFeedRule(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return absl::InvalidArgumentError(
      fmt::format("unknown feed rule '{}'; one of any, same_row, same_tap, channel_block", text));
}

}  // namespace colonnade::nn
