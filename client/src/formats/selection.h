// SPDX-License-Identifier: Apache-2.0
// Limits that every format keeps, checked before memory is taken.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "colonnade/formats.h"

namespace colonnade::client {

inline constexpr int64_t kMaxRecords = 100'000'000;
inline constexpr int64_t kMaxClasses = 65536;
inline constexpr int64_t kMaxPixelBytes = int64_t{1} << 34;

// The shape of every record of one read.
struct ImageShape {
  int64_t channels = 0, height = 0, width = 0;
  int64_t size() const { return channels * height * width; }
  bool operator==(const ImageShape&) const = default;
};

// "3x32x32".
std::string ToText(const ImageShape& shape);

// INVALID_ARGUMENT unless each dimension is 1 to 65,536 and there are at most 2^26 pixels.
Status CheckShape(const std::string& name, const ImageShape& shape);

// Records [begin, begin + count) of `total`.
struct Selection {
  int64_t begin = 0, count = 0, total = 0;
};

// What `options` selects of the `total` records in file `name`; never empty.
// REQUIRES: CheckShape is OK.
Result<Selection> Select(const std::string& name, int64_t total, const ImageShape& shape, const FormatOptions& options);

// Records of a shape, without labels and pixels yet.
Records EmptyRecords(const ImageShape& shape);

// Appends an image given as [height][width][channels].
void AppendChannelMajor(std::span<const uint8_t> interleaved, int channels, std::vector<uint8_t>& pixels);

}  // namespace colonnade::client
