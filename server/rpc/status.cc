// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/error_details.h"
#include "server/base/status.h"

namespace colonnade::rpc {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

template <typename Detail>
void Attach(google::rpc::Status& rich, const Detail& detail) {
  rich.add_details()->PackFrom(detail);
}

void AttachErrorInfo(google::rpc::Status& rich, const absl::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status));
  info.set_domain("colonnade");
  Attach(rich, info);
}

void AttachBadRequest(google::rpc::Status& rich, const std::string& field) {
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(field);
  violation->set_description(rich.message());
  Attach(rich, bad);
}

void AttachResource(google::rpc::Status& rich, const ErrorDetails& details) {
  google::rpc::ResourceInfo resource;
  resource.set_resource_type(details.resource_type);
  resource.set_resource_name(details.resource_name);
  resource.set_description(rich.message());
  Attach(rich, resource);
}

void AttachQuota(google::rpc::Status& rich, const std::string& subject) {
  google::rpc::QuotaFailure quota;
  auto* violation = quota.add_violations();
  violation->set_subject(subject);
  violation->set_description(rich.message());
  Attach(rich, quota);
}

void AttachRetry(google::rpc::Status& rich, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::MicrosecondsToDuration(absl::ToInt64Microseconds(delay));
  Attach(rich, retry);
}

}  // namespace

std::string ReasonOf(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  if (!details.reason.empty()) return details.reason;
  if (!details.field.empty()) return "INVALID_FIELD";
  if (!details.quota.empty()) return "DATA_BUDGET_EXCEEDED";
  if (!details.resource_type.empty() && absl::IsNotFound(status)) return Upper(details.resource_type) + "_NOT_FOUND";
  if (details.retry && absl::IsResourceExhausted(status)) return "OVERLOADED";
  return std::string(absl::StatusCodeToString(status.code()));
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status rich;
  rich.set_code(int(status.code()));
  rich.set_message(std::string(Message(status)));
  AttachErrorInfo(rich, status);
  const ErrorDetails details = DetailsOf(status);
  if (!details.field.empty()) AttachBadRequest(rich, details.field);
  if (!details.resource_type.empty()) AttachResource(rich, details);
  if (!details.quota.empty()) AttachQuota(rich, details.quota);
  if (details.retry) AttachRetry(rich, *details.retry);
  return {grpc::StatusCode(int(status.code())), rich.message(), rich.SerializeAsString()};
}

}  // namespace colonnade::rpc
