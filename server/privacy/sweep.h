// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"

namespace colonnade::privacy {

// Deletes the regular files directly in `folder` whose names are not in `kept`.
absl::Status RemoveFilesBut(const std::string& folder, const std::set<std::string>& kept);

}  // namespace colonnade::privacy
