// SPDX-License-Identifier: Apache-2.0
// Messages in and out of rows.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/base/status.h"
#include "server/store/database.h"

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

// Runs `read`, which returns absl::StatusOr<T>, on one consistent state.
template <typename T, typename Function>
absl::StatusOr<T> ReadRows(store::Database& database, Function&& read) {
  absl::StatusOr<T> result = absl::InternalError("not read");
  COLONNADE_RETURN_IF_ERROR(database.Read([&](store::Connection& rows) {
    result = read(rows);
    return result.status();
  }));
  return result;
}

// Runs `write`, which returns absl::StatusOr<T>, as one durable transaction.
template <typename T, typename Function>
absl::StatusOr<T> WriteRows(store::Database& database, Function&& write) {
  absl::StatusOr<T> result = absl::InternalError("not written");
  COLONNADE_RETURN_IF_ERROR(database.Write([&](store::Connection& rows) {
    result = write(rows);
    return result.status();
  }));
  return result;
}

}  // namespace colonnade::jobs
