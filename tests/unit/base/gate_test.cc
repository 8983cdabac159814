// SPDX-License-Identifier: Apache-2.0
#include "server/base/gate.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "server/base/error_details.h"

namespace colonnade {
namespace {

TEST(Gate, LetsInAsManyAsTheLimit) {
  Gate gate("inferences", 2);
  auto first = gate.Enter();
  auto second = gate.Enter();
  const auto third = gate.Enter();
  EXPECT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(DetailsOf(third.status()).retry);
}

TEST(Gate, LeavingMakesRoom) {
  Gate gate("inferences", 1);
  { EXPECT_TRUE(gate.Enter().ok()); }
  EXPECT_TRUE(gate.Enter().ok());
  EXPECT_EQ(gate.inside(), 0);
}

TEST(Gate, ClosedRefuses) {
  Gate gate("inferences", 1);
  gate.Close();
  EXPECT_EQ(gate.Enter().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(gate.is_open());
}

TEST(Gate, DrainWaitsForTheLastToLeave) {
  Gate gate("inferences", 1);
  auto pass = std::make_optional(gate.Enter().value());
  gate.Close();
  EXPECT_FALSE(gate.Drain(absl::Milliseconds(1)));
  std::thread leaving([&] { pass.reset(); });
  EXPECT_TRUE(gate.Drain(absl::Seconds(10)));
  leaving.join();
}

}  // namespace
}  // namespace colonnade
