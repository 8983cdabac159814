// SPDX-License-Identifier: Apache-2.0
// What a device has room for (docs/machine_manual.md, sections 1 and 6), and what its memories
// are made of (section 2).
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "server/array/array_config.h"

namespace colonnade::machine {

// The memories, by the number that sections of a program name them by.
enum class MemoryId : uint8_t { kActivations, kWeights, kColumns, kRows, kTiles, kSteps, kTaps, kResults };
inline constexpr int kMemories = 8;

std::string_view ToString(MemoryId memory);  // "activations"

// As read from a device's registers. Depths are in words of the memory.
struct DeviceLimits {
  int channels = 128;        // CHANNELS: of one image position in a word; 8, 16, 32, 64, 128 or 256
  int positions = 1024;      // POSITIONS: words of the activation memory, at most 2^16
  int weight_words = 16384;  // the depths of memories 1 to 7, in the order of their registers
  int column_words = 16384;
  int row_words = 4096;
  int tile_words = 4096;
  int step_words = 2048;
  int tap_words = 1024;
  int result_words = 1024;
  int pixels = 1024;  // PIXELS: of a matrix step's output
  int tiles = 1024;   // TILES: of a matrix step

  friend bool operator==(const DeviceLimits&, const DeviceLimits&) = default;
};

// A device of the default parameters around this array: its activation memory has as many words
// of 128 channels as activation_bytes hold, at most 2^16.
DeviceLimits DefaultLimits(const array::ArrayConfig& config);

// INVALID_ARGUMENT, naming the field, when `channels` is none of the six sizes or a number is
// negative: what no device says of itself.
absl::Status Check(const DeviceLimits& limits);

int DepthOf(MemoryId memory, const DeviceLimits& limits);

// Bits of one word.
int WordBits(MemoryId memory, const array::ArrayConfig& config, const DeviceLimits& limits);

// A word as it travels: padded to a multiple of 64 bits, lowest bit first.
int WordLength(MemoryId memory, const array::ArrayConfig& config, const DeviceLimits& limits);  // in 64 bits

}  // namespace colonnade::machine
