// SPDX-License-Identifier: Apache-2.0
#include "server/machine/encode_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MachineProgram WithWords(MemoryId memory, int length, std::vector<uint64_t> bits) {
  MachineProgram program;
  program.memories[static_cast<size_t>(memory)] = {length, std::move(bits)};
  return program;
}

TEST(EncodeImage, ASectionHasMemoryFirstWordAndCount) {
  const ProgramImage image = EncodeImage(WithWords(MemoryId::kTiles, 1, {0x0102, 0x03}));
  EXPECT_THAT(image.bytes, ElementsAre(4, 0, 0, 0, 2, 0, 0, 0,  //
                                       2, 1, 0, 0, 0, 0, 0, 0,  //
                                       3, 0, 0, 0, 0, 0, 0, 0));
}

TEST(EncodeImage, AWordMayTakeSeveralNumbers) {
  const ProgramImage image = EncodeImage(WithWords(MemoryId::kWeights, 2, {1, 2, 3, 4}));
  EXPECT_EQ(image.bytes.size(), 5 * 8);
  EXPECT_EQ(image.bytes[4], 2);
}

TEST(EncodeImage, EmptyMemoriesHaveNoSection) { EXPECT_THAT(EncodeImage(MachineProgram()).bytes, IsEmpty()); }

TEST(EncodeImage, TheChecksumIsThatOfZlib) {
  const std::string check = "123456789";
  EXPECT_EQ(Crc32({reinterpret_cast<const uint8_t*>(check.data()), check.size()}), 0xcbf43926);
  const ProgramImage image = EncodeImage(WithWords(MemoryId::kSteps, 1, {7}));
  EXPECT_EQ(image.crc32, Crc32(image.bytes));
}

}  // namespace
}  // namespace colonnade::machine
