// SPDX-License-Identifier: Apache-2.0
// A network as the compact machine takes it (docs/compact_machine.md): the words of its program
// memory, where image and logits are, and what a run costs. compact_lower.h makes it.
//
// Plain data, immutable once made; share freely between threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::machine {

inline constexpr int kCompactCells = 8;             // rows and columns of the array, and lanes of a column
inline constexpr int kCompactPositions = 4096;      // of each of two activation banks, 8 bytes each
inline constexpr int kCompactProgramWords = 32768;  // of 16 bits
inline constexpr int kCompactPixels = 64;           // accumulators per row
inline constexpr int kCompactWord = 32;             // cycles per word of the array, and bits of a sum
inline constexpr int kCompactWeightWords = 44;      // of a tile
inline constexpr int kCompactPositionWords = 4;     // words of 16 bits per position

// Where a tensor is: block i (channels 8 i to 8 i + 7) of pixel (y, x) at position
// `base + (i * height + y) * width + x` of activation bank `bank`.
struct CompactPlace {
  int bank = 0;
  int base = 0;
  nn::Shape shape;

  int blocks() const { return (shape.channels + 7) / 8; }
  int plane() const { return shape.height * shape.width; }
  int positions() const { return blocks() * plane(); }

  friend bool operator==(const CompactPlace&, const CompactPlace&) = default;
};

struct CompactImage {
  std::vector<uint16_t> program;  // from word 0 on
  CompactPlace input;
  int result_bank = 0, result_base = 0;  // logits: four positions for each eight of them
  int results = 0;
  int64_t cycles = 0;  // predicted, of one run
};

// The words of the input's positions. A position is four words: bits 2 b and 2 b + 1 of eight
// channels each, the lower bit in the lower byte, the first channel lowest. Channels beyond the last
// are 0. `image` holds the bytes of tensor 0, channel-major; INVALID_ARGUMENT when it has another size.
absl::StatusOr<std::vector<uint16_t>> CompactInput(const CompactImage& compact, std::span<const uint8_t> image);

// How many words from position `result_base` on hold the logits.
int CompactResultWords(const CompactImage& compact);

// The logits out of these words: 16 for each eight, bits 2 b and 2 b + 1 in word b, as above.
// INVALID_ARGUMENT when there are not as many words.
absl::StatusOr<std::vector<int32_t>> CompactResults(const CompactImage& compact, std::span<const uint16_t> words);

}  // namespace colonnade::machine
