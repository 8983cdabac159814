// SPDX-License-Identifier: Apache-2.0
#include "deploy/models/digits.h"

#include <fmt/format.h>
#include <zlib.h>

#include <charconv>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "server/base/status.h"

namespace colonnade {
namespace {

constexpr int64_t kStride = 1009;
constexpr int kPixels = 64;
constexpr int kShades = 16;

struct Digit {
  std::vector<uint8_t> pixels;
  int32_t label = 0;
};

absl::StatusOr<std::string> ReadZipped(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(fmt::format("{}: cannot be read", path));
  std::string text(1 << 20, '\0');
  const int got = gzread(file, text.data(), unsigned(text.size()));
  gzclose(file);
  if (got < 0 || size_t(got) == text.size()) return absl::DataLossError(fmt::format("{}: not a list of digits", path));
  text.resize(size_t(got));
  return text;
}

std::optional<int> ParseNumber(std::string_view text, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > highest) return std::nullopt;
  return value;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<Digit> ParseLine(std::string_view line) {
  const std::vector<std::string_view> fields = Split(line, ',');
  if (fields.size() != kPixels + 1) return std::nullopt;
  Digit digit;
  for (int i = 0; i < kPixels; ++i) {
    const auto shade = ParseNumber(fields[size_t(i)], kShades);
    if (!shade) return std::nullopt;
    digit.pixels.push_back(uint8_t((*shade * 255 + kShades / 2) / kShades));
  }
  const auto label = ParseNumber(fields.back(), 9);
  if (!label) return std::nullopt;
  digit.label = *label;
  return digit;
}

}  // namespace

absl::StatusOr<training::Samples> ReadDigits(const std::string& path) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string text, ReadZipped(path));
  const std::vector<std::string_view> lines = Split(text, '\n');
  if (int64_t(lines.size()) != kDigits) {
    return absl::DataLossError(fmt::format("{}: {} lines; expected {}", path, lines.size(), kDigits));
  }
  training::Samples samples{{1, 8, 8}, {}, {}, {0.3053}, {0.3761}};
  for (int64_t place = 0; place < kDigits; ++place) {
    const int64_t line = place * kStride % kDigits;
    const std::optional<Digit> digit = ParseLine(lines[size_t(line)]);
    if (!digit) return absl::DataLossError(fmt::format("{}: line {} is no digit", path, line + 1));
    samples.pixels.insert(samples.pixels.end(), digit->pixels.begin(), digit->pixels.end());
    samples.labels.push_back(digit->label);
  }
  return samples;
}

training::Samples DigitRange(const training::Samples& digits, int64_t begin, int64_t end) {
  std::vector<int64_t> places(size_t(end - begin), 0);
  std::iota(places.begin(), places.end(), begin);
  return training::Select(digits, places);
}

}  // namespace colonnade
