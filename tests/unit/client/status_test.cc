// SPDX-License-Identifier: Apache-2.0
#include "client/src/status.h"

#include <gtest/gtest.h>

#include "tests/support/fake_server.h"

namespace colonnade::client {
namespace {

TEST(Status, CarriesAllDetails) {
  const Status status = FromGrpc(ToGrpc({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                                         .message = "no",
                                         .field = "f",
                                         .reason = "R",
                                         .quota = "source:s",
                                         .resource_type = "model",
                                         .retry_milliseconds = 250}));
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "no");
  EXPECT_EQ(status.field(), "f");
  EXPECT_EQ(status.reason(), "R");
  EXPECT_EQ(status.details().quota, "source:s");
  EXPECT_EQ(status.details().resource_type, "model");
  EXPECT_EQ(status.retry_delay(), std::chrono::milliseconds(250));
}

TEST(Status, SurvivesDetailsThatAreNone) {
  const Status status = FromGrpc({grpc::StatusCode::INTERNAL, "oh", "\xff\xff garbage"});
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_EQ(status.reason(), "");
}

}  // namespace
}  // namespace colonnade::client
