// SPDX-License-Identifier: Apache-2.0
#include "server/base/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade {
namespace {

constexpr size_t kMaxShown = 80;

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsInner(char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), IsInner);
}

absl::Status CheckName(std::string_view field, std::string_view text) {
  if (IsName(text)) return absl::OkStatus();
  return InvalidField(field, fmt::format("'{}' is not a name: 1 to 64 characters of [a-z0-9._-], first and last one "
                                         "a letter or digit",
                                         text.substr(0, kMaxShown)));
}

}  // namespace colonnade
