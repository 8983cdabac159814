// SPDX-License-Identifier: Apache-2.0
#include "client/cli/arguments.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace colonnade::cli {
namespace {

using client::InvalidField;
using client::Result;

// The number at the beginning of `text`, which is cut off from it.
std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(size_t(end - text.data()));
  return value;
}

// Milliseconds of the unit at the beginning of `text`, which is cut off from it.
std::optional<double> TakeUnit(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits{
      {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
  if (text.empty()) return 1e3;
  for (const auto& [unit, milliseconds] : kUnits) {
    if (!text.starts_with(unit)) continue;
    text.remove_prefix(unit.size());
    return milliseconds;
  }
  return std::nullopt;
}

std::optional<std::vector<double>> ParseList(std::string_view text) {
  std::vector<double> values;
  for (;;) {
    const std::optional<double> value = TakeNumber(text);
    if (!value) return std::nullopt;
    values.push_back(*value);
    if (text.empty()) return values;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

}  // namespace

Result<client::Normalization> ParseNormalization(const std::string& text) {
  const size_t slash = text.find('/');
  const auto mean = ParseList(std::string_view(text).substr(0, slash));
  const auto deviation =
      slash == std::string::npos ? std::nullopt : ParseList(std::string_view(text).substr(slash + 1));
  if (!mean || !deviation || mean->size() != deviation->size()) {
    return InvalidField("--normalize", fmt::format("'{}' is not MEAN[,MEAN...]/DEVIATION[,DEVIATION...], such as "
                                                   "0.485,0.456,0.406/0.229,0.224,0.225, or 0/1 for pixel / 255",
                                                   text));
  }
  for (const double value : *deviation) {
    if (value <= 0) return InvalidField("--normalize", fmt::format("deviation {} is not above 0", value));
  }
  return client::Normalization{*mean, *deviation};
}

Result<std::chrono::milliseconds> ParseDuration(const std::string& flag, const std::string& text) {
  const auto wrong = InvalidField(flag, fmt::format("'{}' is not a time such as 90s, 30m, 2h, 1h30m or 7d", text));
  double milliseconds = 0;
  std::string_view rest = text;
  do {
    const std::optional<double> number = TakeNumber(rest);
    const std::optional<double> unit = number ? TakeUnit(rest) : std::nullopt;
    if (!unit || *number < 0) return wrong;
    milliseconds += *number * *unit;
  } while (!rest.empty());
  constexpr double kLongest = 1000.0 * 365 * 86400e3;
  if (milliseconds < 1 || milliseconds > kLongest) return wrong;
  return std::chrono::milliseconds(int64_t(milliseconds));
}

Result<client::Role> ParseRole(const std::string& text) {
  if (text == "train") return client::Role::kTrain;
  if (text == "evaluation") return client::Role::kEvaluation;
  return InvalidField("--role", fmt::format("'{}' is neither train nor evaluation", text));
}

}  // namespace colonnade::cli
