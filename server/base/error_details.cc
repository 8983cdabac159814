// SPDX-License-Identifier: Apache-2.0
#include "server/base/error_details.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "server/base/status.h"

namespace colonnade {
namespace {

constexpr char kResourceType[] = "colonnade/resource_type";
constexpr char kResourceName[] = "colonnade/resource_name";
constexpr char kQuota[] = "colonnade/quota";
constexpr char kReason[] = "colonnade/reason";
constexpr char kRetryMicroseconds[] = "colonnade/retry_microseconds";

absl::Status With(absl::Status status, const char* key, std::string_view value) {
  status.SetPayload(key, absl::Cord(std::string(value)));
  return status;
}

std::string PayloadOf(const absl::Status& status, const char* key) {
  const auto payload = status.GetPayload(key);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status MissingResource(std::string_view type, std::string_view name) {
  return WithResource(absl::NotFoundError(fmt::format("{} '{}' does not exist", type, name)), type, name);
}

absl::Status WithResource(absl::Status status, std::string_view type, std::string_view name) {
  return With(With(std::move(status), kResourceType, type), kResourceName, name);
}

absl::Status WithQuota(absl::Status status, std::string_view subject) {
  return With(std::move(status), kQuota, subject);
}

absl::Status WithRetry(absl::Status status, absl::Duration delay) {
  return With(std::move(status), kRetryMicroseconds, fmt::format("{}", absl::ToInt64Microseconds(delay)));
}

absl::Status WithReason(absl::Status status, std::string_view reason) {
  return With(std::move(status), kReason, reason);
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  details.field = FieldOf(status);
  details.resource_type = PayloadOf(status, kResourceType);
  details.resource_name = PayloadOf(status, kResourceName);
  details.quota = PayloadOf(status, kQuota);
  details.reason = PayloadOf(status, kReason);
  const std::string retry = PayloadOf(status, kRetryMicroseconds);
  if (!retry.empty()) details.retry = absl::Microseconds(std::stoll(retry));
  return details;
}

}  // namespace colonnade
