// SPDX-License-Identifier: Apache-2.0
#include "server/array/array_config.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <optional>

#include "server/array/known_arrays.h"
#include "server/base/status.h"

namespace colonnade::array {
namespace {

absl::Status CheckRange(std::string_view field, int value, int low, int high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return InvalidField(field, fmt::format("{} is out of range; {} to {}", value, low, high));
}

// Takes a decimal number off the front of `text`; at most nine digits, none fails.
std::optional<int> TakeNumber(std::string_view& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 9) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return value;
}

// Takes `prefix` and the number after it off the front of `text`.
bool TakeField(std::string_view& text, std::string_view prefix, int& value) {
  if (!text.starts_with(prefix)) return false;
  std::string_view rest = text.substr(prefix.size());
  const std::optional<int> number = TakeNumber(rest);
  if (!number) return false;
  value = *number;
  text = rest;
  return true;
}

std::string KnownNames() {
  std::string names;
  for (const KnownArray& known : KnownArrays()) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return names;
}

absl::Status Malformed(std::string_view name, std::string_view rest) {
  return InvalidField("array",
                      fmt::format("'{}' is not understood from '{}' on; written ROWSxCOLUMNSaALPHA, then "
                                  "any of -i1, -w1, -any, -same_row, -channel_block, -x<bytes>, -y<bytes> "
                                  "in this order, such as 16x18a8 or 32x32a4-i1-any; or one of: {}",
                                  name, rest, KnownNames()));
}

// The fields after rows, columns and alpha.
absl::Status ParseOptions(std::string_view name, std::string_view text, ArrayConfig& config) {
  TakeField(text, "-i", config.interleave);
  TakeField(text, "-w", config.weight_buffers);
  if (text.starts_with("-")) {
    const std::string_view word = text.substr(1, text.find('-', 1) - 1);
    if (auto rule = nn::ParseFeedRule(word); rule.ok()) {
      config.feed_rule = *rule;
      text.remove_prefix(1 + word.size());
    }
  }
  TakeField(text, "-x", config.activation_bytes);
  TakeField(text, "-y", config.weight_bytes);
  return text.empty() ? absl::OkStatus() : Malformed(name, text);
}

}  // namespace

int SelectBits(const ArrayConfig& config) { return std::bit_width(unsigned(config.alpha - 1)); }

std::string Name(const ArrayConfig& config) {
  const ArrayConfig standard;
  std::string name = fmt::format("{}x{}a{}", config.rows, config.columns, config.alpha);
  if (config.interleave != standard.interleave) name += fmt::format("-i{}", config.interleave);
  if (config.weight_buffers != standard.weight_buffers) name += fmt::format("-w{}", config.weight_buffers);
  if (config.feed_rule != standard.feed_rule) name += fmt::format("-{}", nn::ToString(config.feed_rule));
  if (config.activation_bytes != standard.activation_bytes)
    name += fmt::format("-x{}", config.activation_bytes);
  if (config.weight_bytes != standard.weight_bytes) name += fmt::format("-y{}", config.weight_bytes);
  return name;
}

absl::StatusOr<ArrayConfig> ParseArrayConfig(std::string_view name) {
  for (const KnownArray& known : KnownArrays()) {
    if (known.name == name) return known.config;
  }
  ArrayConfig config;
  std::string_view text = name;
  if (!TakeField(text, "", config.rows) || !TakeField(text, "x", config.columns) ||
      !TakeField(text, "a", config.alpha)) {
    return Malformed(name, text);
  }
  COLONNADE_RETURN_IF_ERROR(ParseOptions(name, text, config));
  COLONNADE_RETURN_IF_ERROR(Check(config));
  return config;
}

absl::Status Check(const ArrayConfig& config) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.rows", config.rows, 1, 256));
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.columns", config.columns, 1, 256));
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.alpha", config.alpha, 1, 16));
  if (config.interleave != 1 && config.interleave != 4) {
    return InvalidField("array.interleave", fmt::format("{} is not supported; 1 or 4", config.interleave));
  }
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.weight_buffers", config.weight_buffers, 1, 2));
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.feed_rule", static_cast<int>(config.feed_rule), 0,
                                       static_cast<int>(nn::FeedRule::kChannelBlock)));
  COLONNADE_RETURN_IF_ERROR(CheckRange("array.activation_bytes", config.activation_bytes, 1, 1 << 28));
  return CheckRange("array.weight_bytes", config.weight_bytes, 1, 1 << 28);
}

std::string Digest(const ArrayConfig& config) {
  const std::array<int, 8> fields = {config.rows,
                                     config.columns,
                                     config.alpha,
                                     config.interleave,
                                     config.weight_buffers,
                                     static_cast<int>(config.feed_rule),
                                     config.activation_bytes,
                                     config.weight_bytes};
  uint64_t hash = 0xcbf29ce484222325;
  for (const int field : fields) {
    for (int byte = 0; byte < 4; ++byte) {
      hash = (hash ^ (static_cast<uint32_t>(field) >> (8 * byte) & 0xff)) * 0x100000001b3;
    }
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace colonnade::array
