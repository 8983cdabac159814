// SPDX-License-Identifier: Apache-2.0
// Messages in and out of rows.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/store/database.h"
#include "server/store/transact.h"

namespace colonnade::jobs {

template <typename Message>
store::Blob ToBlob(const Message& message) {
  return {message.SerializeAsString()};
}

// DATA_LOSS when the bytes are no `Message`.
template <typename Message>
absl::StatusOr<Message> FromBytes(const std::string& bytes) {
  Message message;
  if (message.ParseFromString(bytes)) return message;
  return absl::DataLossError("the database holds a message that cannot be read");
}

using store::ReadRows;
using store::WriteRows;

}  // namespace colonnade::jobs
