// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sums.h"

#include <gtest/gtest.h>

namespace colonnade::executors {
namespace {

TEST(TileSums, SerializesATurnsWordsOneAfterTheOther) {
  TileSums sums(2, 6, 4);
  sums.Set(0, 1, 0x12345678);
  sums.Set(0, 5, -1);
  sums.Set(1, 1, 3);
  std::vector<uint32_t> wires(2);
  sums.Serialize(1, 8, wires.data());  // row 0 from bit 8 of pixel 1 on, row 1 from bit 7
  EXPECT_EQ(wires, (std::vector<uint32_t>{0xff123456, 0}));
  wires = {0, 0};
  sums.Serialize(1, -30, wires.data());
  EXPECT_EQ(wires, (std::vector<uint32_t>{0x12345678u << 30, 3u << 31}));
}

TEST(TileSums, CollectsWhatItSerializes) {
  TileSums sent(3, 7, 4), received(3, 7, 4);
  for (int row = 0; row < 3; ++row) {
    for (int p = 0; p < 7; ++p) sent.Set(row, p, 1000003 * (row + 2) * (p - 3));
  }
  for (int64_t offset = -32; offset < 96; offset += 13) {
    for (int turn = 0; turn < 4; ++turn) {
      std::vector<uint32_t> wires(3);
      sent.Serialize(turn, offset, wires.data());
      received.Collect(turn, offset, wires.data(), 13);
    }
  }
  for (int row = 0; row < 3; ++row) {
    for (int p = 0; p < 7; ++p) EXPECT_EQ(received.Get(row, p), sent.Get(row, p)) << row << ", " << p;
  }
}

// Multiply-accumulates give bits between words, too.
TEST(TileSums, DropsBitsOutsideOfTheWords) {
  TileSums sums(1, 2, 4);
  const uint32_t ones = ~uint32_t{0};
  for (const int64_t offset : {-64, -32, 32, 64}) sums.Collect(0, offset, &ones, 32);
  sums.Collect(3, 0, &ones, 32);  // pixel 3 of 2
  sums.Collect(0, -8, &ones, 32);
  EXPECT_EQ(sums.Get(0, 0), 0x00ffffff);
  EXPECT_EQ(sums.Get(0, 1), 0);
}

}  // namespace
}  // namespace colonnade::executors
