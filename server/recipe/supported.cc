// SPDX-License-Identifier: Apache-2.0
#include "server/recipe/supported.h"

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade::recipe {
namespace {

// Setting `field` is fine when `supported`.
absl::Status Require(bool supported, std::string_view field, std::string_view remedy) {
  if (supported) return absl::OkStatus();
  return absl::UnimplementedError(fmt::format("{}: not supported; {}", field, remedy));
}

}  // namespace

absl::Status CheckSupported(const v1::Recipe& recipe) {
  return Require(!recipe.has_privacy(), "recipe.privacy", "leave it out");
}

}  // namespace colonnade::recipe
