// SPDX-License-Identifier: Apache-2.0
// Request ids: a repeated call returns what the first one made.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/database.h"

namespace colonnade::jobs {

struct RequestKey {
  std::string tenant, request_id;
  std::string method;
  std::string digest;  // of the request's content
};

// INVALID_ARGUMENT unless empty or 1 to 64 printable ASCII characters.
absl::Status CheckRequestId(const std::string& field, const std::string& request_id);

// The resource that an equal request made before; absent when there was none or the id
// is empty. ALREADY_EXISTS when the id came with other content.
absl::StatusOr<std::optional<std::string>> FindRequest(store::Connection& rows, const RequestKey& key);

// Remembers the request, in the transaction that makes the resource, and forgets those
// older than 48 hours. Does nothing without an id.
absl::Status RememberRequest(store::Connection& rows, const RequestKey& key, const std::string& resource,
                             absl::Time now);

}  // namespace colonnade::jobs
