// SPDX-License-Identifier: Apache-2.0
#include "client/src/retry.h"

#include <gtest/gtest.h>

namespace colonnade::client {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kNow{};

FailedAttempt Failed(int attempts, Code code = Code::kUnavailable) {
  return {
      .attempts = attempts, .code = code, .server_delay = {}, .now = kNow, .deadline = kNow + seconds(60), .chance = 0};
}

std::optional<microseconds> Delay(const FailedAttempt& failed, RetryOptions options = {}) {
  return DelayBeforeRetry(options, failed);
}

TEST(Retry, DelaysDoubleUpToTheLongest) {
  const RetryOptions options{.attempts = 100, .first_delay = milliseconds(100), .longest_delay = milliseconds(1000)};
  EXPECT_EQ(Delay(Failed(1), options), milliseconds(100));
  EXPECT_EQ(Delay(Failed(2), options), milliseconds(200));
  EXPECT_EQ(Delay(Failed(4), options), milliseconds(800));
  EXPECT_EQ(Delay(Failed(5), options), milliseconds(1000));
  EXPECT_EQ(Delay(Failed(99), options), milliseconds(1000));
}

TEST(Retry, ChanceTakesUpToHalf) {
  FailedAttempt failed = Failed(1);
  failed.chance = 0.5;
  EXPECT_EQ(Delay(failed), milliseconds(75));
}

TEST(Retry, ServerDelayIsTheShortest) {
  FailedAttempt failed = Failed(1, Code::kResourceExhausted);
  failed.server_delay = seconds(3);
  EXPECT_EQ(Delay(failed), seconds(3));
  failed.server_delay = milliseconds(1);
  EXPECT_EQ(Delay(failed), milliseconds(100));
}

TEST(Retry, OnlyUnavailableAndBusyAreRepeated) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_EQ(Delay(Failed(1, Code(code))).has_value(), Code(code) == Code::kUnavailable) << code;
  }
}

TEST(Retry, AttemptsRunOut) {
  EXPECT_TRUE(Delay(Failed(5), {.attempts = 6}));
  EXPECT_FALSE(Delay(Failed(6), {.attempts = 6}));
  EXPECT_FALSE(Delay(Failed(1), {.attempts = 1}));
}

TEST(Retry, NoAttemptStartsAfterTheDeadline) {
  FailedAttempt failed = Failed(1);
  failed.deadline = kNow + milliseconds(100);
  EXPECT_FALSE(Delay(failed));
  failed.deadline = kNow + milliseconds(101);
  EXPECT_TRUE(Delay(failed));
}

}  // namespace
}  // namespace colonnade::client
