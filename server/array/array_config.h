// SPDX-License-Identifier: Apache-2.0
// The systolic array a program is made for. Compiler, executors and hardware all
// derive from this one description.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/nn/feed_rule.h"

namespace colonnade::array {

// Weight-stationary, bit-serial: 8-bit data, 8-bit weights, 32-bit accumulation.
struct ArrayConfig {
  int rows = 16;           // filters held at once, 1..256
  int columns = 18;        // column groups held at once, 1..256
  int alpha = 8;           // lanes per array column, 1..16
  int interleave = 4;      // 1: one multiply-accumulate per cell; 4: four share the weight
  int weight_buffers = 2;  // 1, or 2: loading a tile hides behind computing the one before
  nn::FeedRule feed_rule = nn::FeedRule::kSameTap;
  int activation_bytes = 128 * 1024;  // on-array activation memory, 1..2^28
  int weight_bytes = 512 * 1024;      // on-array weight memory, 1..2^28

  friend bool operator==(const ArrayConfig&, const ArrayConfig&) = default;
};

// Bits with which a cell chooses its lane: ceil(log2 alpha), none for one lane.
int SelectBits(const ArrayConfig& config);

// "16x18a8": rows x columns, then alpha. Further fields differing from the default
// follow in a fixed order: "-i1" interleave, "-w1" weight buffers, "-any" feed rule,
// "-x65536" activation bytes, "-y65536" weight bytes.
std::string Name(const ArrayConfig& config);

// Inverse of Name(); a name of known_arrays.h is understood as well. INVALID_ARGUMENT names the
// part that is out of range.
absl::StatusOr<ArrayConfig> ParseArrayConfig(std::string_view name);

// Ranges above. An error names the field, its value and the range.
absl::Status Check(const ArrayConfig& config);

// Lower-case hexadecimal FNV-1a-64 of every field, in the order above, each as four
// little-endian bytes: stored in artifacts and read back from devices, so that a
// mismatch is noticed.
std::string Digest(const ArrayConfig& config);

}  // namespace colonnade::array
