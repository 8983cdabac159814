// SPDX-License-Identifier: Apache-2.0
// The parameters of a machine (docs/machine_manual.md, section 1), and those of the models that the
// tests build.
#pragma once

#include <vector>

#include "server/array/array_config.h"

namespace colonnade::rtl {

struct MachineShape {
  array::ArrayConfig config;
  int channels = 16;   // of a memory word
  int positions = 64;  // words of the activation memory

  int banks() const { return channels / 8; }
  int word_bits() const { return 8 + array::SelectBits(config); }
  bool channel_block() const { return config.feed_rule == nn::FeedRule::kChannelBlock; }
};

// The depths of the other memories, and limits, are the same in all models.
inline constexpr int kMachinePixelBits = 6;
inline constexpr int kMachineTileBits = 5;
inline constexpr int kWeightWords = 512;
inline constexpr int kColumnWords = 512;
inline constexpr int kRowWords = 128;
inline constexpr int kTileWords = 128;
inline constexpr int kStepWords = 256;
inline constexpr int kTapWords = 128;
inline constexpr int kResultWords = 64;

// Of memory `id`, 0 to 7.
int MemoryWords(const MachineShape& shape, int id);
int MemoryBits(const MachineShape& shape, int id);

// The built machines: both interleaves, numbers of weight buffers and feed rules; several feed
// ports and groups of rows.
std::vector<MachineShape> MachineShapes();

}  // namespace colonnade::rtl
