// SPDX-License-Identifier: Apache-2.0
// Fields that a newer or mistaken client sent and this build does not know.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace colonnade::recipe {

// INVALID_ARGUMENT when `message`, called `path` in the error, or any message within
// it holds a field that is not declared.
absl::Status RefuseUnknownFields(const google::protobuf::Message& message, const std::string& path);

}  // namespace colonnade::recipe
