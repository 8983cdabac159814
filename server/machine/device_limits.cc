// SPDX-License-Identifier: Apache-2.0
#include "server/machine/device_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "server/base/status.h"

namespace colonnade::machine {
namespace {

constexpr int kMostPositions = 1 << 16;

constexpr std::array<std::string_view, kMemories> kNames = {"activations", "weights", "columns", "rows",
                                                            "tiles",       "steps",   "taps",    "results"};

}  // namespace

std::string_view ToString(MemoryId memory) { return kNames[static_cast<size_t>(memory)]; }

DeviceLimits DefaultLimits(const array::ArrayConfig& config) {
  DeviceLimits limits;
  limits.positions = std::min(config.activation_bytes / limits.channels, kMostPositions);
  return limits;
}

absl::Status Check(const DeviceLimits& limits) {
  if (!std::has_single_bit(static_cast<unsigned>(limits.channels)) || limits.channels < 8 || limits.channels > 256) {
    return InvalidField("device.channels", fmt::format("{}; 8, 16, 32, 64, 128 or 256", limits.channels));
  }
  if (limits.positions < 0 || limits.positions > kMostPositions) {
    return InvalidField("device.positions", fmt::format("{}; 0 to {}", limits.positions, kMostPositions));
  }
  for (int memory = 1; memory < kMemories; ++memory) {
    const auto id = static_cast<MemoryId>(memory);
    if (DepthOf(id, limits) >= 0) continue;
    return InvalidField(fmt::format("device.{}", ToString(id)), fmt::format("{} words", DepthOf(id, limits)));
  }
  if (limits.pixels < 0) return InvalidField("device.pixels", fmt::format("{}", limits.pixels));
  if (limits.tiles < 0) return InvalidField("device.tiles", fmt::format("{}", limits.tiles));
  return absl::OkStatus();
}

int DepthOf(MemoryId memory, const DeviceLimits& limits) {
  switch (memory) {
    case MemoryId::kActivations: return limits.positions;
    case MemoryId::kWeights: return limits.weight_words;
    case MemoryId::kColumns: return limits.column_words;
    case MemoryId::kRows: return limits.row_words;
    case MemoryId::kTiles: return limits.tile_words;
    case MemoryId::kSteps: return limits.step_words;
    case MemoryId::kTaps: return limits.tap_words;
    case MemoryId::kResults: return limits.result_words;
  }
  return 0;
}

int WordBits(MemoryId memory, const array::ArrayConfig& config, const DeviceLimits& limits) {
  switch (memory) {
    case MemoryId::kActivations: return 8 * limits.channels;
    case MemoryId::kWeights: return config.columns * (8 + array::SelectBits(config));
    case MemoryId::kColumns: return 32 + 8 * config.alpha;
    case MemoryId::kRows: return 64;
    case MemoryId::kTaps: return 48 + limits.channels;
    case MemoryId::kTiles:
    case MemoryId::kSteps:
    case MemoryId::kResults: return 32;
  }
  return 0;
}

int WordLength(MemoryId memory, const array::ArrayConfig& config, const DeviceLimits& limits) {
  return (WordBits(memory, config, limits) + 63) / 64;
}

}  // namespace colonnade::machine
