// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/src/formats/errors.h"

namespace colonnade::client {
namespace {

constexpr int64_t kMaxSide = 65536;
constexpr int64_t kMaxImage = int64_t{1} << 26;

bool InRange(int64_t side) { return side >= 1 && side <= kMaxSide; }

}  // namespace

std::string ToText(const ImageShape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

Status CheckShape(const std::string& name, const ImageShape& shape) {
  const bool sides = InRange(shape.channels) && InRange(shape.height) && InRange(shape.width);
  // Sides are at most 2^16: the product of three fits.
  if (sides && shape.size() <= kMaxImage) return {};
  return Refuse(name, fmt::format("images of {} (channels x height x width); each must be 1 to {}, and at most {} "
                                  "pixels in all",
                                  ToText(shape), kMaxSide, kMaxImage));
}

Result<Selection> Select(const std::string& name, int64_t total, const ImageShape& shape,
                         const FormatOptions& options) {
  if (options.limit < 0) return BadOption("limit", fmt::format("{}; must be 0 (all) or more", options.limit));
  if (options.offset < 0) return BadOption("offset", fmt::format("{}; must be 0 or more", options.offset));
  if (total < 1) return Refuse(name, "holds no records");
  if (options.offset >= total) {
    return BadOption("offset", fmt::format("{}, but {} holds {} records; the offset must be below that", options.offset,
                                           name, total));
  }
  Selection selection{options.offset, total - options.offset, total};
  if (options.limit > 0) selection.count = std::min(selection.count, options.limit);
  if (selection.count <= kMaxRecords && selection.count * shape.size() <= kMaxPixelBytes) return selection;
  return Status(Code::kResourceExhausted,
                fmt::format("{}: {} records of {} pixels are too many to hold; at most {} records and {} bytes at a "
                            "time: use a limit and an offset",
                            name, selection.count, ToText(shape), kMaxRecords, kMaxPixelBytes));
}

Records EmptyRecords(const ImageShape& shape) {
  Records records;
  records.channels = int(shape.channels);
  records.height = int(shape.height);
  records.width = int(shape.width);
  return records;
}

void AppendChannelMajor(std::span<const uint8_t> interleaved, int channels, std::vector<uint8_t>& pixels) {
  const size_t step = size_t(channels);
  for (size_t channel = 0; channel < step; ++channel) {
    for (size_t i = channel; i < interleaved.size(); i += step) pixels.push_back(interleaved[i]);
  }
}

}  // namespace colonnade::client
