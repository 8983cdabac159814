// SPDX-License-Identifier: Apache-2.0
// Transactions that give a value.
#pragma once

#include "absl/status/statusor.h"
#include "server/base/status.h"
#include "server/store/database.h"

namespace colonnade::store {

// Runs `read`, which returns absl::StatusOr<T>, on one consistent state.
template <typename T, typename Function>
absl::StatusOr<T> ReadRows(Database& database, Function&& read) {
  absl::StatusOr<T> result = absl::InternalError("not read");
  COLONNADE_RETURN_IF_ERROR(database.Read([&](Connection& rows) {
    result = read(rows);
    return result.status();
  }));
  return result;
}

// Runs `write`, which returns absl::StatusOr<T>, as one durable transaction.
template <typename T, typename Function>
absl::StatusOr<T> WriteRows(Database& database, Function&& write) {
  absl::StatusOr<T> result = absl::InternalError("not written");
  COLONNADE_RETURN_IF_ERROR(database.Write([&](Connection& rows) {
    result = write(rows);
    return result.status();
  }));
  return result;
}

}  // namespace colonnade::store
