// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_code.h"

#include <gtest/gtest.h>

#include <chrono>

namespace colonnade::cli {
namespace {

using client::Code;

TEST(ExitCode, FollowsFromTheCode) {
  const std::pair<Code, ExitCode> kTable[] = {
      {Code::kOk, kOk},
      {Code::kCancelled, kFailed},
      {Code::kUnknown, kFailed},
      {Code::kInvalidArgument, kUsage},
      {Code::kDeadlineExceeded, kUnavailable},
      {Code::kNotFound, kNotFound},
      {Code::kAlreadyExists, kFailed},
      {Code::kPermissionDenied, kNotAllowed},
      {Code::kResourceExhausted, kFailed},
      {Code::kFailedPrecondition, kNotAllowed},
      {Code::kAborted, kFailed},
      {Code::kOutOfRange, kUsage},
      {Code::kUnimplemented, kFailed},
      {Code::kInternal, kFailed},
      {Code::kUnavailable, kUnavailable},
      {Code::kDataLoss, kFailed},
      {Code::kUnauthenticated, kNotAllowed},
  };
  for (const auto& [code, exit_code] : kTable) {
    EXPECT_EQ(ExitCodeOf(client::Status(code, "budget exceeded, not found")), exit_code) << CodeName(code);
  }
}

TEST(ExitCode, ReasonsSayMore) {
  EXPECT_EQ(ExitCodeOf({Code::kInvalidArgument, "", {.reason = "MODEL_REFUSED"}}), kModelRefused);
  EXPECT_EQ(ExitCodeOf({Code::kUnimplemented, "", {.reason = "MODEL_REFUSED"}}), kModelRefused);
  EXPECT_EQ(ExitCodeOf({Code::kInternal, "", {.reason = "MODEL_REFUSED"}}), kModelRefused);
  EXPECT_EQ(ExitCodeOf({Code::kResourceExhausted, "", {.reason = "DATA_BUDGET_EXCEEDED"}}), kNotAllowed);
  EXPECT_EQ(ExitCodeOf({Code::kResourceExhausted, "", {.quota = "source:s"}}), kNotAllowed);
  EXPECT_EQ(ExitCodeOf({Code::kResourceExhausted, "", {.retry_delay = std::chrono::seconds(1)}}), kUnavailable);
}

}  // namespace
}  // namespace colonnade::cli
