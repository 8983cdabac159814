// SPDX-License-Identifier: Apache-2.0
// What models, data sets, sources, artifacts and tenants may be called.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace colonnade {

// 1 to 64 characters of [a-z0-9._-], first and last one a letter or digit.
bool IsName(std::string_view text);

// INVALID_ARGUMENT naming `field` and the rule unless IsName(text).
absl::Status CheckName(std::string_view field, std::string_view text);

}  // namespace colonnade
