// SPDX-License-Identifier: Apache-2.0
// The driver's sense of time. What it does about faults is in tests/faults, on real transports.
#include "server/device/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "tests/unit/device/fake_device.h"

namespace colonnade::device {
namespace {

using ::testing::HasSubstr;

class DriverTest : public ::testing::Test {
 protected:
  // A command takes 100 ms.
  std::unique_ptr<Driver> Open(Fault fault, absl::Duration patience, int times = 1) {
    auto device = std::make_unique<FakeDevice>(config_, fault, times, now_);
    device_ = device.get();
    return Driver::Open(std::move(device), config_,
                        {.patience = patience, .interval = absl::Milliseconds(30), .clock = [this] { return now_; }})
        .value();
  }
  absl::Status Run(Driver& driver) {
    const std::vector<uint8_t> input(program_->input_bytes, 7);
    const auto result = driver.Run(program_, input);
    if (result.ok()) {
      EXPECT_EQ(result->bytes, MixingResult(*program_, input));
    }
    return result.status();
  }

  const array::ArrayConfig config_;
  const std::shared_ptr<const Program> program_ = std::make_shared<Program>(MixingProgram(config_, 1));
  absl::Time now_ = absl::UnixEpoch();
  FakeDevice* device_ = nullptr;
};

TEST_F(DriverTest, WaitsAsLongAsACommandTakes) {
  EXPECT_EQ(Run(*Open(Fault::kNone, absl::Milliseconds(150))), absl::OkStatus());
  EXPECT_EQ(now_ - absl::UnixEpoch(), absl::Milliseconds(300));  // clear, load, run
}

TEST_F(DriverTest, GivesUpAfterItsPatience) {
  const absl::Status status = Run(*Open(Fault::kNone, absl::Milliseconds(90)));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("clear: did not end within 90ms, 2 times"));
}

TEST_F(DriverTest, FindsALostInterruptAtTheNextInterval) {
  const auto driver = Open(Fault::kLostInterrupt, absl::Seconds(1), 3);
  EXPECT_EQ(Run(*driver), absl::OkStatus());
  EXPECT_EQ(driver->events().lost_interrupts, 3);
  EXPECT_EQ(now_ - absl::UnixEpoch(), absl::Milliseconds(3 * 120));
}

TEST_F(DriverTest, AHangCostsItsPatienceOnce) {
  const auto driver = Open(Fault::kHang, absl::Milliseconds(600));
  EXPECT_EQ(Run(*driver), absl::OkStatus());
  EXPECT_EQ(driver->events().hangs, 1);
  EXPECT_EQ(now_ - absl::UnixEpoch(), absl::Milliseconds(2 * 200 + 600 + 100));
}

TEST_F(DriverTest, BelievesNoInterruptWithoutACompletion) {
  const auto driver = Open(Fault::kNone, absl::Seconds(1));
  device_->spurious = 5;
  EXPECT_EQ(Run(*driver), absl::OkStatus());
  EXPECT_EQ(driver->events().lost_interrupts, 0);
}

TEST_F(DriverTest, NeedsABufferThatIsLargeEnough) {
  const auto large = std::make_shared<Program>(MixingProgram(config_, 1, 8192));
  const auto result = Open(Fault::kNone, absl::Seconds(1))->Run(large, std::vector<uint8_t>(large->input_bytes));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(Message(result.status())), HasSubstr("a buffer of 131"));
}

}  // namespace
}  // namespace colonnade::device
