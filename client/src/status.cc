// SPDX-License-Identifier: Apache-2.0
#include "client/src/status.h"

#include <google/protobuf/any.pb.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace colonnade::client {
namespace {

template <typename Detail, typename Take>
void TakeDetail(const google::protobuf::Any& any, Take&& take) {
  Detail detail;
  if (any.Is<Detail>() && any.UnpackTo(&detail)) take(detail);
}

void Read(const google::protobuf::Any& any, Details& details) {
  TakeDetail<google::rpc::ErrorInfo>(any, [&](const auto& info) { details.reason = info.reason(); });
  TakeDetail<google::rpc::BadRequest>(any, [&](const auto& bad) {
    if (bad.field_violations_size() > 0) details.field = bad.field_violations(0).field();
  });
  TakeDetail<google::rpc::ResourceInfo>(any, [&](const auto& resource) {
    details.resource_type = resource.resource_type();
    details.resource_name = resource.resource_name();
  });
  TakeDetail<google::rpc::QuotaFailure>(any, [&](const auto& failure) {
    if (failure.violations_size() > 0) details.quota = failure.violations(0).subject();
  });
  TakeDetail<google::rpc::RetryInfo>(any, [&](const auto& retry) {
    details.retry_delay = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::seconds(retry.retry_delay().seconds()) + std::chrono::nanoseconds(retry.retry_delay().nanos()));
  });
}

}  // namespace

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return {};
  Details details;
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    for (const auto& any : rich.details()) Read(any, details);
  }
  return {Code(status.error_code()), status.error_message(), std::move(details)};
}

}  // namespace colonnade::client
