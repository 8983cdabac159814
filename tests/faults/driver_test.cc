// SPDX-License-Identifier: Apache-2.0
// What the production driver has to do on every transport, with every fault: give the right
// result or an error, and say what happened. The board is a process of its own.
#include "server/device/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/device/private_board.h"
#include "server/device/registers.h"
#include "server/device/uio_device.h"
#include "server/machine/encode_image.h"
#include "tests/support/board_process.h"
#include "tests/support/mixing_model.h"

namespace colonnade::device {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr int kAlways = 1000;

enum class Transport { kPrivate, kUio };

class DriverConformance : public ::testing::TestWithParam<Transport> {
 protected:
  static std::shared_ptr<const Program> MakeProgram(int seed) {
    return std::make_shared<Program>(MixingProgram(Array(), seed));
  }
  static array::ArrayConfig Array() { return *array::ParseArrayConfig("small"); }

  // A board with a fault, and what its client gets.
  absl::StatusOr<std::unique_ptr<Device>> Connect(const std::string& fault, int times) {
    std::vector<std::string> arguments = {fault, std::to_string(times), "--array", "small"};
    if (GetParam() == Transport::kPrivate) {
      return StartPrivateBoard({.program = FAULT_BOARD, .arguments = arguments});
    }
    arguments.push_back("--incoherent");
    board_ = std::make_unique<FolderBoard>(FAULT_BOARD, arguments);
    return board_->Open();
  }

  absl::StatusOr<std::unique_ptr<Driver>> OpenDriver(std::unique_ptr<Device> device) {
    return Driver::Open(std::move(device), Array(),
                        {.patience = absl::Milliseconds(400), .interval = absl::Milliseconds(20)});
  }
  std::unique_ptr<Driver> Start(const std::string& fault, int times = 1) {
    auto driver = OpenDriver(Connect(fault, times).value());
    EXPECT_TRUE(driver.ok()) << driver.status();
    return *std::move(driver);
  }

  static std::vector<uint8_t> Input(const Program& program, int seed) {
    std::mt19937 random{unsigned(seed)};
    std::vector<uint8_t> bytes(program.input_bytes);
    std::ranges::generate(bytes, random);
    return bytes;
  }

  // Runs the image; the status, after a check that a result is the right one.
  static absl::Status Run(Driver& driver, const std::shared_ptr<const Program>& program, int image = 1) {
    const std::vector<uint8_t> input = Input(*program, image);
    const auto result = driver.Run(program, input);
    if (result.ok()) {
      EXPECT_EQ(result->bytes, MixingResult(*program, input));
      EXPECT_EQ(result->cycles[0], 100);
      EXPECT_EQ(result->cycles[8], 108);
    }
    return result.status();
  }

  std::unique_ptr<FolderBoard> board_;  // outlives what is connected to it
};

INSTANTIATE_TEST_SUITE_P(Transports, DriverConformance, ::testing::Values(Transport::kPrivate, Transport::kUio),
                         [](const auto& info) { return info.param == Transport::kPrivate ? "private" : "uio"; });

TEST_P(DriverConformance, RunsProgramsInTurn) {
  const auto driver = Start("none");
  const auto one = MakeProgram(1), two = MakeProgram(2);
  for (const auto& program : {one, one, two, one}) EXPECT_EQ(Run(*driver, program, 7), absl::OkStatus());
  EXPECT_EQ(driver->events().loads, 3);
  EXPECT_EQ(driver->events().runs, 4);
  EXPECT_EQ(driver->events().resets, 1);
  EXPECT_EQ(driver->events().lost_interrupts, 0);
}

TEST_P(DriverConformance, AResultDependsOnProgramAndInput) {
  const auto one = MakeProgram(1), two = MakeProgram(2);
  const auto result = MixingResult(*one, Input(*one, 1));
  EXPECT_NE(result, MixingResult(*one, Input(*one, 2)));
  EXPECT_NE(result, MixingResult(*two, Input(*one, 1)));
}

TEST_P(DriverConformance, LostInterruptsCostTimeOnly) {
  const auto driver = Start("lost_interrupt", kAlways);
  EXPECT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus());
  EXPECT_EQ(driver->events().lost_interrupts, 3);  // clear, load, run
  EXPECT_EQ(driver->events().resets, 1);
}

TEST_P(DriverConformance, AHungDeviceIsResetAndTriedAgain) {
  const auto driver = Start("hang");
  EXPECT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus());
  EXPECT_EQ(driver->events().hangs, 1);
  EXPECT_EQ(driver->events().resets, 2);
  EXPECT_EQ(driver->events().loads, 2);
}

TEST_P(DriverConformance, ADeviceThatHangsAgainIsUnavailable) {
  const auto driver = Start("hang", kAlways);
  const absl::Status status = Run(*driver, MakeProgram(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("run: did not end within 400ms"), HasSubstr("2 times")));
}

TEST_P(DriverConformance, WorksAgainAfterItGaveUp) {
  const auto driver = Start("hang", 2);
  EXPECT_EQ(Run(*driver, MakeProgram(1)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus());
}

TEST_P(DriverConformance, ChangedBytesAreSentAgain) {
  for (const char* fault : {"short_read", "short_write", "program_bit", "input_bit", "result_bit"}) {
    const auto driver = Start(fault);
    EXPECT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus()) << fault;
    EXPECT_EQ(driver->events().data_errors, 1) << fault;
    EXPECT_EQ(driver->events().resets, 2) << fault;
  }
}

TEST_P(DriverConformance, BytesThatChangeAgainAreDataLoss) {
  const std::pair<const char*, const char*> faults[] = {{"short_read", "the input changed on its way"},
                                                        {"short_write", "the result changed on its way"},
                                                        {"program_bit", "the program arrived changed"},
                                                        {"input_bit", "the input changed on its way"},
                                                        {"result_bit", "the result changed on its way"}};
  for (const auto& [fault, words] : faults) {
    const auto driver = Start(fault, kAlways);
    const absl::Status status = Run(*driver, MakeProgram(1));
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << fault;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
}

TEST_P(DriverConformance, AResetDuringARunIsNoticed) {
  const auto driver = Start("reset");
  EXPECT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus());
  EXPECT_EQ(driver->events().foreign_resets, 1);
  EXPECT_EQ(driver->events().loads, 2);
  const absl::Status again = Run(*Start("reset", kAlways), MakeProgram(1));
  EXPECT_EQ(again.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(again.message()), HasSubstr("was reset meanwhile"));
}

TEST_P(DriverConformance, ABusErrorIsTriedAgain) {
  EXPECT_EQ(Run(*Start("bus_error"), MakeProgram(1)), absl::OkStatus());
  EXPECT_EQ(Run(*Start("bus_error", kAlways), MakeProgram(1)).code(), absl::StatusCode::kUnavailable);
}

TEST_P(DriverConformance, RefusesWhatIsNoDeviceOfItsKind) {
  const std::pair<const char*, const char*> faults[] = {
      {"identification", "is no Colonnade device"}, {"version", "registers of version 2.0"}, {"digest", "digest"}};
  for (const auto& [fault, words] : faults) {
    const auto driver = OpenDriver(Connect(fault, kAlways).value());
    EXPECT_EQ(driver.status().code(), absl::StatusCode::kFailedPrecondition) << fault;
    EXPECT_THAT(std::string(driver.status().message()), HasSubstr(words));
  }
}

TEST_P(DriverConformance, NamesBothConfigurationsWhenTheyDiffer) {
  const auto driver = Driver::Open(Connect("none", 0).value(), array::ArrayConfig{}, {});
  EXPECT_EQ(driver.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(driver.status().message()),
              AllOf(HasSubstr("16x18a8"), HasSubstr("is 8x8a8"), HasSubstr(array::Digest({})),
                    HasSubstr(array::Digest(Array()))));
}

TEST_P(DriverConformance, ADeadBoardFailsTheCallAtOnce) {
  const auto driver = Start("death", kAlways);
  EXPECT_EQ(Run(*driver, MakeProgram(1)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(driver->events().hangs, 0);
  EXPECT_EQ(Run(*Start("none"), MakeProgram(1)), absl::OkStatus());
}

TEST_P(DriverConformance, LeavesNothingInTheBuffer) {
  const auto driver = Start("none");
  ASSERT_EQ(Run(*driver, MakeProgram(1)), absl::OkStatus());
  EXPECT_THAT(driver->device().buffer().bytes, Each(0));
  const auto failing = Start("result_bit", kAlways);
  ASSERT_EQ(Run(*failing, MakeProgram(1)).code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(failing->device().buffer().bytes, Each(0));
}

TEST_P(DriverConformance, RefusesWhatDoesNotFit) {
  const auto driver = Start("none");
  Program large = MixingProgram(Array(), 1);
  large.needs.weight_words += 1;
  const absl::Status status = Run(*driver, std::make_shared<Program>(large));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("needs 16385 weight words; the device has 16384"));
}

// The previous tenant, who uses the registers as it likes.
class Tenant {
 public:
  explicit Tenant(Device& device) : device_(device) {}

  uint32_t Execute(uint32_t command, const Program& program) {
    std::ranges::copy(program.sections, device_.buffer().bytes.begin());
    const uint64_t address = device_.buffer().address;
    const uint32_t values[] = {command, uint32_t(address), uint32_t(address >> 32), uint32_t(program.sections.size()),
                               0,       0,                 0,                       machine::Crc32(program.sections)};
    for (uint32_t i = 0; i < std::size(values); ++i) device_.Write32(kCommand + 4 * i, values[i]);
    device_.Write32(kSubmit, ++index_);
    while (device_.Read32(kCompletion) != index_) absl::SleepFor(absl::Milliseconds(1));
    return device_.Read32(kError);
  }

 private:
  Device& device_;
  uint32_t index_ = 0;
};

TEST_P(DriverConformance, ClearsWhatThePreviousTenantLeft) {
  const auto program = MakeProgram(1), theirs = MakeProgram(2);
  std::unique_ptr<Device> device = Connect("none", 0).value();
  Tenant tenant(*device);
  ASSERT_EQ(tenant.Execute(kClear, *theirs), kNoError);
  ASSERT_EQ(tenant.Execute(kLoad, *theirs), kNoError);
  EXPECT_EQ(tenant.Execute(kLoad, *program), kNotClear);
  const auto driver = OpenDriver(std::move(device)).value();
  EXPECT_EQ(Run(*driver, program), absl::OkStatus());  // with words of theirs the result would differ
}

TEST_P(DriverConformance, TrustsNoProgramThatItDidNotLoad) {
  const auto program = MakeProgram(1);
  std::unique_ptr<Device> device = Connect("none", 0).value();
  Tenant tenant(*device);
  ASSERT_EQ(tenant.Execute(kClear, *program), kNoError);
  ASSERT_EQ(tenant.Execute(kLoad, *program), kNoError);
  const auto driver = OpenDriver(std::move(device)).value();
  EXPECT_EQ(Run(*driver, program), absl::OkStatus());
  EXPECT_EQ(driver->events().loads, 1);
}

TEST(FolderBoard, ServesOneClientAfterTheOther) {
  const FolderBoard board(FAULT_BOARD, {"none", "0", "--array", "small"});
  for (int client = 0; client < 2; ++client) {
    const auto device = board.Open();
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ(board.Open().status().code(), absl::StatusCode::kUnavailable);  // meanwhile
  }
}

TEST(PrivateBoard, SaysWhyItCannotBeUsed) {
  const auto missing = StartPrivateBoard({.program = "/nowhere/colonnade-board", .arguments = {}});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  const auto refused = StartPrivateBoard({.program = FAULT_BOARD, .arguments = {"none", "0", "--array", "0x0a0"}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace colonnade::device
