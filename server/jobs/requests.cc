// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::jobs {
namespace {

constexpr absl::Duration kKept = absl::Hours(48);
constexpr size_t kMaxLength = 64;

}  // namespace

absl::Status CheckRequestId(const std::string& field, const std::string& request_id) {
  const bool printable = std::all_of(request_id.begin(), request_id.end(), [](char c) { return c > ' ' && c < 127; });
  if (request_id.size() <= kMaxLength && printable) return absl::OkStatus();
  return InvalidField(field, fmt::format("must be 1 to {} printable ASCII characters", kMaxLength));
}

absl::StatusOr<std::optional<std::string>> FindRequest(store::Connection& rows, const RequestKey& key) {
  if (key.request_id.empty()) return std::nullopt;
  COLONNADE_ASSIGN_OR_RETURN(
      const store::Rows found,
      rows.Run("SELECT method, digest, resource FROM requests WHERE tenant = ? AND request_id = ?",
               {key.tenant, key.request_id}));
  if (found.empty()) return std::nullopt;
  if (found[0].Text(0) == key.method && found[0].Text(1) == key.digest) return found[0].Text(2);
  return absl::AlreadyExistsError(
      fmt::format("request_id '{}' was used before, with other content; choose another one", key.request_id));
}

absl::Status RememberRequest(store::Connection& rows, const RequestKey& key, const std::string& resource,
                             absl::Time now) {
  if (key.request_id.empty()) return absl::OkStatus();
  COLONNADE_RETURN_IF_ERROR(
      rows.Run("DELETE FROM requests WHERE seconds < ?", {absl::ToUnixSeconds(now - kKept)}).status());
  return rows
      .Run("INSERT INTO requests (tenant, request_id, method, digest, resource, seconds) VALUES (?, ?, ?, ?, ?, ?)",
           {key.tenant, key.request_id, key.method, key.digest, resource, absl::ToUnixSeconds(now)})
      .status();
}

}  // namespace colonnade::jobs
