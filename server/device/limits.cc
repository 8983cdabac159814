// SPDX-License-Identifier: Apache-2.0
#include "server/device/limits.h"

#include <fmt/format.h>

#include <string_view>

#include "server/base/status.h"

namespace colonnade::device {
namespace {

constexpr std::array<std::string_view, kMemories> kMemoryNames = {"weight", "column", "row",   "tile",
                                                                  "step",   "tap",    "result"};

absl::Status CheckOne(std::string_view what, int64_t needed, int64_t there) {
  if (needed <= there) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("the program needs {} {}; the device has {}", needed, what, there));
}

}  // namespace

Limits ReadLimits(const Device& device) {
  Limits limits;
  limits.channels = device.Read32(kChannels);
  limits.positions = device.Read32(kPositions);
  for (uint32_t i = 0; i < kMemories; ++i) limits.words[i] = device.Read32(kWords + 4 * i);
  limits.pixels = device.Read32(kPixels);
  limits.tiles = device.Read32(kTiles);
  return limits;
}

absl::Status CheckFits(const Limits& needs, const Limits& has) {
  if (needs.channels != has.channels) {
    return absl::FailedPreconditionError(fmt::format("the program is for memory words of {} channels; the device has {}",
                                                     needs.channels, has.channels));
  }
  COLONNADE_RETURN_IF_ERROR(CheckOne("activation words", needs.positions, has.positions));
  for (size_t i = 0; i < kMemories; ++i) {
    COLONNADE_RETURN_IF_ERROR(CheckOne(fmt::format("{} words", kMemoryNames[i]), needs.words[i], has.words[i]));
  }
  COLONNADE_RETURN_IF_ERROR(CheckOne("pixels in a step", needs.pixels, has.pixels));
  return CheckOne("tiles in a step", needs.tiles, has.tiles);
}

}  // namespace colonnade::device
