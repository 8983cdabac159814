// SPDX-License-Identifier: Apache-2.0
#include "server/machine/refusals.h"

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade::machine {

absl::Status CheckAtMost(std::string_view field, int64_t found, int64_t most, std::string_view remedy) {
  if (found <= most) return absl::OkStatus();
  return InvalidField(field, fmt::format("{}; at most {}; {}", found, most, remedy));
}

}  // namespace colonnade::machine
