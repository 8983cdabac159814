// SPDX-License-Identifier: Apache-2.0
#include "server/executors/device_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"

namespace colonnade::executors {
namespace {

using ::testing::HasSubstr;

const machine::RunCycles kPredicted = {{1, 2, 3, 4, 5}, 6, 7, 8, 9};

TEST(CheckCycles, TakesThePredictedOnes) {
  EXPECT_EQ(CheckCycles(kPredicted, {1, 2, 3, 4, 5, 6, 7, 8, 9}), absl::OkStatus());
}

TEST(CheckCycles, NamesThePhaseThatDiffers) {
  for (int phase = 0; phase < device::kCycleCounters; ++phase) {
    device::CycleCounters counted = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    --counted[size_t(phase)];
    const absl::Status status = CheckCycles(kPredicted, counted);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(Message(status)), HasSubstr("phase " + std::string(device::CycleName(phase)) + " took"));
  }
}

TEST(CheckCycles, TheBusMayMakeADeviceWait) {
  EXPECT_EQ(CheckCycles(kPredicted, {1, 2, 3, 4, 5, 6, 7, 18, 19}), absl::OkStatus());
  EXPECT_EQ(CheckCycles(kPredicted, {1, 2, 3, 4, 5, 6, 8, 8, 9}).code(), absl::StatusCode::kInternal);
}

TEST(SharedDevice, IsOpenedAnewForEachCallUntilItIsThere) {
  NoMetrics metrics;
  int opened = 0;
  SharedDevice device(
      "fpga",
      [&](const array::ArrayConfig&) -> absl::StatusOr<std::unique_ptr<device::Device>> {
        ++opened;
        return absl::UnavailableError("no power");
      },
      metrics);
  for (int call = 1; call <= 3; ++call) {
    const absl::Status status = device.Run(std::make_shared<device::Program>(), {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(Message(status)), HasSubstr("fpga: no power"));
    EXPECT_EQ(opened, call);
  }
}

}  // namespace
}  // namespace colonnade::executors
