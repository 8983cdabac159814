// SPDX-License-Identifier: Apache-2.0
#include "server/machine/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"

namespace colonnade::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two channels of two pixels, and nine channels of one.
MachineProgram Program() {
  MachineProgram program;
  program.tensors = {TensorPlace{3, 8, {2, 1, 2}}, TensorPlace{0, 0, {9, 1, 1}}};
  return program;
}

TEST(InputBytes, GivesEachPositionItsBanks) {
  const std::vector<uint8_t> image = {1, 2, 11, 12};
  EXPECT_THAT(*InputBytes(Program(), image), ElementsAre(1, 11, 0, 0, 0, 0, 0, 0, 2, 12, 0, 0, 0, 0, 0, 0));
}

TEST(InputBytes, RefusesAnotherSize) {
  const auto bytes = InputBytes(Program(), std::vector<uint8_t>(5));
  EXPECT_THAT(Message(bytes.status()), HasSubstr("5 bytes; the program has 4"));
}

TEST(ResultsOf, ReadsLogitsAsNumbersOf32Bits) {
  MachineProgram program = Program();
  program.is_logits = true;
  program.results = 1;
  EXPECT_EQ(program.output_bytes(), 8);
  const std::vector<uint8_t> bytes = {0xfe, 0xff, 0xff, 0xff, 9, 9, 9, 9};
  EXPECT_THAT(*ResultsOf(program, bytes), ElementsAre(-2));
}

TEST(ResultsOf, TakesTheZeroPointOffATensor) {
  MachineProgram program = Program();
  program.output_zero_point = 128;
  std::vector<uint8_t> bytes(16, 128);
  bytes[8] = 127;
  EXPECT_THAT(*ResultsOf(program, bytes), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, -1));
}

TEST(ResultsOf, RefusesAnotherSize) {
  EXPECT_THAT(Message(ResultsOf(Program(), std::vector<uint8_t>(8)).status()),
              HasSubstr("8 bytes; the program has 16"));
}

TEST(BytesAt, ReadsATensorOutOfTheMemory) {
  std::vector<uint8_t> memory(5 * 16);
  memory[3 * 16 + 8] = 1, memory[3 * 16 + 9] = 11, memory[4 * 16 + 8] = 2, memory[4 * 16 + 9] = 12;
  EXPECT_THAT(BytesAt({3, 8, {2, 1, 2}}, 16, memory), ElementsAre(1, 2, 11, 12));
}

}  // namespace
}  // namespace colonnade::machine
