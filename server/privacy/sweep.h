// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade::privacy {

// Deletes the regular files directly in `folder` whose names are not in `kept`.
absl::Status RemoveFilesBut(const std::string& folder, const std::set<std::string>& kept);

// Whether something directly in `folder`, but `except`, has this extension (".key"). There is
// nothing in a folder that is missing.
absl::StatusOr<bool> HoldsAny(const std::string& folder, std::string_view extension, std::string_view except);

}  // namespace colonnade::privacy
