// SPDX-License-Identifier: Apache-2.0
#include "server/machine/compact_image.h"

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade::machine {
namespace {

constexpr int kResultWords = kCompactWord / 2;

}  // namespace

absl::StatusOr<std::vector<uint16_t>> CompactInput(const CompactImage& compact, std::span<const uint8_t> image) {
  const CompactPlace& place = compact.input;
  if (static_cast<int64_t>(image.size()) != place.shape.size()) {
    return InvalidField("image", fmt::format("{} bytes; {}", image.size(), place.shape.size()));
  }
  std::vector<uint16_t> words(static_cast<size_t>(place.positions()) * kCompactPositionWords);
  for (int channel = 0; channel < place.shape.channels; ++channel) {
    for (int pixel = 0; pixel < place.plane(); ++pixel) {
      const int byte = image[static_cast<size_t>(channel * place.plane() + pixel)];
      const int position = channel / 8 * place.plane() + pixel;
      for (int bit = 0; bit < 8; ++bit) {
        const int set = (byte >> bit & 1) << (bit % 2 * 8 + channel % 8);
        words[static_cast<size_t>(position * kCompactPositionWords + bit / 2)] |= static_cast<uint16_t>(set);
      }
    }
  }
  return words;
}

int CompactResultWords(const CompactImage& compact) { return (compact.results + 7) / 8 * kResultWords; }

absl::StatusOr<std::vector<int32_t>> CompactResults(const CompactImage& compact, std::span<const uint16_t> words) {
  if (static_cast<int>(words.size()) != CompactResultWords(compact)) {
    return InvalidField("result", fmt::format("{} words; {}", words.size(), CompactResultWords(compact)));
  }
  std::vector<int32_t> results;
  for (int row = 0; row < compact.results; ++row) {
    uint32_t value = 0;
    for (int bit = 0; bit < kCompactWord; ++bit) {
      const int word = words[static_cast<size_t>(row / 8 * kResultWords + bit / 2)];
      value |= static_cast<uint32_t>(word >> (bit % 2 * 8 + row % 8) & 1) << bit;
    }
    results.push_back(static_cast<int32_t>(value));
  }
  return results;
}

}  // namespace colonnade::machine
