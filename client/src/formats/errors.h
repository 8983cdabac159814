// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "colonnade/result.h"

namespace colonnade::client {

// INVALID_ARGUMENT "name: why": what a file holds cannot be used. `why` says where in
// the file, and what to do.
inline Status Refuse(const std::string& name, const std::string& why) {
  Details details;
  details.reason = "BAD_DATA_FILE";
  return {Code::kInvalidArgument, name + ": " + why, details};
}

// INVALID_ARGUMENT about a member of FormatOptions.
inline Status BadOption(const std::string& option, const std::string& why) {
  Details details;
  details.field = option;
  details.reason = "INVALID_FIELD";
  return {Code::kInvalidArgument, option + ": " + why, details};
}

}  // namespace colonnade::client
