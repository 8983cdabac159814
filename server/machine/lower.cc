// SPDX-License-Identifier: Apache-2.0
#include "server/machine/lower.h"

#include <fmt/format.h>

#include "server/base/status.h"
#include "server/machine/lowering.h"

namespace colonnade::machine {
namespace {

absl::Status CheckFeedRule(nn::FeedRule rule) {
  if (rule == nn::FeedRule::kSameTap || rule == nn::FeedRule::kChannelBlock) return absl::OkStatus();
  return InvalidField("feed_rule", fmt::format("{}; same_tap or channel_block; there is no hardware for others, pack "
                                               "the network for one of these",
                                               nn::ToString(rule)));
}

}  // namespace

absl::StatusOr<MachineProgram> Lower(const array::ArrayProgram& program, const DeviceLimits& limits) {
  COLONNADE_RETURN_IF_ERROR(Check(limits));
  COLONNADE_RETURN_IF_ERROR(CheckFeedRule(program.config.feed_rule));
  Lowering lowering(program, limits);
  COLONNADE_RETURN_IF_ERROR(lowering.PlaceTensors());
  COLONNADE_RETURN_IF_ERROR(lowering.LowerSteps());
  return lowering.Finish();
}

}  // namespace colonnade::machine
