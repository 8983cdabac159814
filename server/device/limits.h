// SPDX-License-Identifier: Apache-2.0
// How much a device can hold, and how much a program needs.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "server/device/device.h"
#include "server/device/registers.h"

namespace colonnade::device {

struct Limits {
  int64_t channels = 0;                        // of an image position
  int64_t positions = 0;                       // words of the activation memory
  std::array<int64_t, kMemories> words = {};   // of memories 1 to 7
  int64_t pixels = 0, tiles = 0;               // of one matrix step
};

Limits ReadLimits(const Device& device);

// RESOURCE_EXHAUSTED names what a device that has `has` is too small for, with both numbers. The
// channels of a word are part of what a program is made for: FAILED_PRECONDITION when they differ.
absl::Status CheckFits(const Limits& needs, const Limits& has);

}  // namespace colonnade::device
