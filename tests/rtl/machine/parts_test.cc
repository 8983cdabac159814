// SPDX-License-Identifier: Apache-2.0
// Small modules of the machine, each against what it computes in C++.
#include <Parts.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <verilated.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "server/quant/requantization.h"
#include "tests/rtl/device.h"
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {
namespace {

class RtlMachineParts : public ::testing::Test {
 protected:
  void Cycle() {
    model_.clk = 0;
    model_.eval();
    model_.clk = 1;
    model_.eval();
  }
  int Random(int low, int high) { return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1)); }

  VerilatedContext context_;
  Parts model_{&context_};
  std::mt19937_64 random_{1};
};

TEST_F(RtlMachineParts, WindowsBeginWhereStrideAndPaddingSay) {
  for (int trial = 0; trial < 50; ++trial) {
    const int width = Random(1, 300), output_width = Random(1, 9), down = Random(1, 5), right = Random(1, 5);
    const int top = Random(0, 7), left = Random(0, 7), base = Random(0, 65535);
    model_.walk_base = static_cast<uint16_t>(base), model_.walk_output_width = static_cast<uint16_t>(output_width);
    model_.walk_stride_down = static_cast<uint8_t>(down), model_.walk_stride_right = static_cast<uint8_t>(right);
    model_.walk_pad_top = static_cast<uint8_t>(top), model_.walk_pad_left = static_cast<uint8_t>(left);
    model_.walk_stride_words = static_cast<uint16_t>(down * width);
    model_.walk_pad_words = static_cast<uint16_t>(top * width);
    model_.walk_restart = model_.walk_advance = 1;  // restart wins
    Cycle();
    model_.walk_restart = 0;
    for (int pixel = 0; pixel < 40;) {
      const int y = pixel / output_width * down - top, x = pixel % output_width * right - left;
      ASSERT_EQ(static_cast<int32_t>(model_.walk_y << 15) >> 15, y);
      ASSERT_EQ(static_cast<int32_t>(model_.walk_x << 15) >> 15, x);
      ASSERT_EQ(model_.walk_corner, static_cast<uint16_t>(base + y * width + x));
      model_.walk_advance = static_cast<uint8_t>(Random(0, 1));
      pixel += model_.walk_advance;
      Cycle();
    }
  }
}

TEST_F(RtlMachineParts, ProductsTakeNineCycles) {
  for (int trial = 0; trial < 500; ++trial) {
    const int a = trial < 2 ? trial * 255 : Random(0, 255), b = Random(0, 65535);
    model_.product_start = 1;
    model_.product_multiplier = static_cast<uint8_t>(a), model_.product_multiplicand = static_cast<uint16_t>(b);
    Cycle();
    model_.product_start = 0;
    model_.product_multiplier = 77, model_.product_multiplicand = 7777;
    for (int i = 0; i < 8; ++i) Cycle();
    ASSERT_EQ(model_.product, static_cast<uint16_t>(a * b)) << a << " * " << b;
  }
}

TEST_F(RtlMachineParts, MeansAreRoundedHalvesUp) {
  for (int trial = 0; trial < 300; ++trial) {
    const int count = trial == 0 ? 256 : Random(1, 256), left = trial == 0 ? 16 : Random(0, 16);
    int sums[8];
    for (int i = 0; i < 8; ++i) {
      sums[i] = Random(0, 3) == 0 ? 65280 : Random(0, 65280);
      Port(model_.sums).Set(i, 16, static_cast<uint32_t>(sums[i]));
    }
    model_.count = static_cast<uint16_t>(count), model_.first_left = static_cast<uint8_t>(left);
    model_.load = 1, model_.step = 0;
    Cycle();
    model_.load = 0, model_.step = 1;
    for (int i = 0; i < 33; ++i) Cycle();
    for (int i = 0; i < 8; ++i) {
      uint64_t quotient = 0;
      for (int bit = 0; bit < 33; ++bit) quotient |= uint64_t{Port(model_.quotients).Get(33 * i + bit, 1)} << bit;
      ASSERT_EQ(quotient, uint64_t(quant::RoundingDivide(int64_t{sums[i]} << left, count)))
          << sums[i] << " / " << count;
    }
  }
}

TEST_F(RtlMachineParts, SumsOfPairsAreShiftedAndRounded) {
  for (int trial = 0; trial < 500; ++trial) {
    const int left[2] = {Random(0, 16), Random(0, 16)}, zero[2] = {128 * Random(0, 1), 128 * Random(0, 1)};
    const int right = Random(0, 31);
    model_.first = random_(), model_.second = random_();
    model_.first_left = static_cast<uint8_t>(left[0]), model_.second_left = static_cast<uint8_t>(left[1]);
    model_.first_zero_point = static_cast<uint8_t>(zero[0]), model_.second_zero_point = static_cast<uint8_t>(zero[1]);
    model_.right = static_cast<uint8_t>(right);
    model_.load = 1, model_.step = 0;
    Cycle();
    model_.load = 0, model_.step = 1;
    Cycle();
    for (int i = 0; i < 8; ++i) {
      const int a = static_cast<int>(model_.first >> 8 * i & 255) - zero[0];
      const int b = static_cast<int>(model_.second >> 8 * i & 255) - zero[1];
      const int expected = quant::Requantize(a * (1 << left[0]) + b * (1 << left[1]), right, INT32_MIN, INT32_MAX);
      uint64_t rounded = 0;
      for (int bit = 0; bit < 32; ++bit) rounded |= uint64_t{Port(model_.rounded).Get(34 * i + bit, 1)} << bit;
      ASSERT_EQ(static_cast<int32_t>(rounded), expected) << a << ", " << b << " >> " << right;
    }
  }
}

TEST_F(RtlMachineParts, ChecksumsAreThoseOfZlib) {
  const std::string text = "12345678";
  std::vector<uint64_t> words(1);
  std::memcpy(words.data(), text.data(), 8);
  EXPECT_EQ(Crc32(words), 0x9ae0daafu);  // what zlib says
  model_.crc_clear = 1;
  Cycle();
  model_.crc_clear = 0;
  EXPECT_EQ(model_.crc, 0u);
  words.clear();
  for (int i = 0; i < 200; ++i) {
    model_.crc_enable = static_cast<uint8_t>(Random(0, 1)), model_.crc_word = random_();
    if (model_.crc_enable) words.push_back(model_.crc_word);
    Cycle();
    ASSERT_EQ(model_.crc, Crc32(words));
  }
}

TEST_F(RtlMachineParts, TheNextWordIsThereBeforeItIsUsed) {
  uint32_t words[16];
  model_.ahead_set = model_.ahead_advance = 0;
  model_.ahead_write = 1;
  for (uint8_t i = 0; i < 16; ++i) {
    words[i] = static_cast<uint32_t>(random_());
    model_.ahead_address = i, model_.ahead_word_in = words[i];
    Cycle();
  }
  model_.ahead_write = 0;
  int pointer = 5;
  model_.ahead_set = 1, model_.ahead_address = 5;
  for (int i = 0; i < 300; ++i) {
    Cycle();
    ASSERT_EQ(model_.ahead_word, words[pointer]) << "word " << pointer;
    model_.ahead_set = Random(0, 9) == 0, model_.ahead_advance = static_cast<uint8_t>(Random(0, 1));
    model_.ahead_address = static_cast<uint8_t>(Random(0, 15));
    pointer = model_.ahead_set ? model_.ahead_address : (pointer + model_.ahead_advance) % 16;
  }
}

TEST_F(RtlMachineParts, LanesTakeTheirBytes) {
  for (int trial = 0; trial < 200; ++trial) {
    for (int i = 0; i < 4; ++i) model_.select_word[i] = static_cast<uint32_t>(random_());
    const uint32_t select = static_cast<uint32_t>(random_()) & 0x0f0f0f0f;
    model_.select = select;
    model_.eval();
    const Port bytes(model_.select_word), same_tap(model_.same_tap), block(model_.channel_block);
    for (int lane = 0; lane < 4; ++lane) {
      ASSERT_EQ(same_tap.Get(lane, 8), bytes.Get(static_cast<int>(select >> 8 * lane & 15), 8));
      ASSERT_EQ(block.Get(lane, 8), bytes.Get(static_cast<int>(select & 3) * 4 + lane, 8));
    }
  }
}

TEST_F(RtlMachineParts, BurstsEndAtPages) {
  for (int word = 0; word < 512; ++word) {
    for (const int words : {1, 2, 15, 16, 17, 511, 512, 1 << 28}) {
      model_.burst_word = static_cast<uint16_t>(word), model_.burst_words = static_cast<uint32_t>(words);
      model_.eval();
      ASSERT_EQ(model_.burst_beats, std::min({words, 16, 512 - word})) << word << ", " << words;
    }
  }
}

}  // namespace
}  // namespace colonnade::rtl
