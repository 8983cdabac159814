// SPDX-License-Identifier: Apache-2.0
#include "server/machine/lower.h"

#include <fmt/format.h>

#include "server/base/status.h"
#include "server/machine/lowering.h"

namespace colonnade::machine {
namespace {

absl::Status CheckArray(const array::ArrayConfig& config, const DeviceLimits& limits) {
  const bool in_blocks = config.feed_rule == nn::FeedRule::kChannelBlock;
  if (config.feed_rule != nn::FeedRule::kSameTap && !in_blocks) {
    return InvalidField("feed_rule", fmt::format("{}; same_tap or channel_block; there is no hardware for others, pack "
                                                 "the network for one of these",
                                                 nn::ToString(config.feed_rule)));
  }
  if (config.rows > 8 && config.rows % 8 != 0) {
    return InvalidField("array.rows",
                        fmt::format("{}; 1 to 8 or a multiple of 8; pack the network for such an array", config.rows));
  }
  if (!in_blocks || limits.channels % config.alpha == 0) return absl::OkStatus();
  return InvalidField("array.alpha", fmt::format("{}; under channel_block a divisor of the device's {} channels; pack "
                                                 "the network for such an array",
                                                 config.alpha, limits.channels));
}

}  // namespace

absl::StatusOr<MachineProgram> Lower(const array::ArrayProgram& program, const DeviceLimits& limits) {
  COLONNADE_RETURN_IF_ERROR(Check(limits));
  COLONNADE_RETURN_IF_ERROR(CheckArray(program.config, limits));
  Lowering lowering(program, limits);
  COLONNADE_RETURN_IF_ERROR(lowering.PlaceTensors());
  COLONNADE_RETURN_IF_ERROR(lowering.LowerSteps());
  return lowering.Finish();
}

}  // namespace colonnade::machine
