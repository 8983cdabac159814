// SPDX-License-Identifier: Apache-2.0
// Where settings come from: collects, for each setting, its text from the flags,
// the environment or the file, whichever wins, and remembers the place for
// messages. Meaning and ranges are config.cc's.
#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace colonnade {

using Values = std::vector<std::string>;

struct Setting {
  const char* name;         // "data-ceiling": --data-ceiling, COLONNADE_DATA_CEILING, data_ceiling
  const char* placeholder;  // empty for a switch
  const char* help;
  absl::Status (*apply)(Config& config, const Values& values);
};

// All of them, in the order of --help. Defined by config.cc.
const std::vector<Setting>& Settings();

struct Sourced {
  Values values;
  std::string where;  // "--jobs", "COLONNADE_JOBS" or "colonnaded.yaml: jobs"
};

struct Sources {
  std::map<std::string, Sourced> values;  // by setting name
  std::string text;                       // of --help or --version
};

// INVALID_ARGUMENT on unknown flags and keys, NOT_FOUND when the file of --config
// (or COLONNADE_CONFIG) cannot be read.
absl::StatusOr<Sources> ReadSources(int argc, const char* const* argv, const Environment& environment);

// The whole text as a number.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace colonnade
