// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/error_details.h"
#include "server/base/status.h"

namespace colonnade::rpc {
namespace {

// The detail of type T that travels with `status`; default values when there is none.
template <typename T>
T DetailIn(const absl::Status& status) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(ToGrpc(status).error_details()));
  T detail;
  for (const auto& any : rich.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return T();
}

TEST(Status, KeepsCodeAndMessage) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = ToGrpc(absl::Status(absl::StatusCode(code), "why"));
    EXPECT_EQ(int(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "why");
  }
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

TEST(Status, FieldBecomesBadRequest) {
  const auto detail = DetailIn<google::rpc::BadRequest>(InvalidField("recipe.packing.alpha", "0 is below 1"));
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "recipe.packing.alpha");
}

TEST(Status, ResourceBecomesResourceInfo) {
  const auto detail = DetailIn<google::rpc::ResourceInfo>(MissingResource("dataset", "c10"));
  EXPECT_EQ(detail.resource_type(), "dataset");
  EXPECT_EQ(detail.resource_name(), "c10");
}

TEST(Status, QuotaBecomesQuotaFailure) {
  const auto status = WithQuota(absl::ResourceExhaustedError("used 4900 of 5000, asked 200"), "source:cifar-10");
  const auto detail = DetailIn<google::rpc::QuotaFailure>(status);
  ASSERT_EQ(detail.violations_size(), 1);
  EXPECT_EQ(detail.violations(0).subject(), "source:cifar-10");
  EXPECT_EQ(detail.violations(0).description(), "used 4900 of 5000, asked 200");
}

TEST(Status, RetryBecomesRetryInfo) {
  const auto status = WithRetry(absl::ResourceExhaustedError("busy"), absl::Milliseconds(1250));
  const auto detail = DetailIn<google::rpc::RetryInfo>(status);
  EXPECT_EQ(detail.retry_delay().seconds(), 1);
  EXPECT_EQ(detail.retry_delay().nanos(), 250'000'000);
}

TEST(Status, EveryErrorHasAStableReason) {
  const auto reason = [](const absl::Status& status) {
    const auto info = DetailIn<google::rpc::ErrorInfo>(status);
    EXPECT_EQ(info.domain(), "colonnade");
    return info.reason();
  };
  EXPECT_EQ(reason(InvalidField("name", "empty")), "INVALID_FIELD");
  EXPECT_EQ(reason(MissingResource("job", "job-1")), "JOB_NOT_FOUND");
  EXPECT_EQ(reason(WithQuota(absl::ResourceExhaustedError(""), "source:a")), "DATA_BUDGET_EXCEEDED");
  EXPECT_EQ(reason(WithRetry(absl::ResourceExhaustedError(""), absl::Seconds(1))), "OVERLOADED");
  EXPECT_EQ(reason(absl::FailedPreconditionError("in use")), "FAILED_PRECONDITION");
}

}  // namespace
}  // namespace colonnade::rpc
