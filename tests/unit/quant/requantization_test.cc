// SPDX-License-Identifier: Apache-2.0
#include "server/quant/requantization.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/unit/quant/big.h"

namespace colonnade::quant {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int32_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int32_t>::max();

// Values of all magnitudes, and the neighbours of ties and limits.
std::vector<int64_t> Accumulators(int shift) {
  std::vector<int64_t> values = {0, kLowest, kLowest + 1, kHighest, kHighest - 1};
  std::mt19937_64 random(shift);
  for (int i = 0; i < 200; ++i) values.push_back(int64_t(random()) >> (32 + random() % 32));
  for (const int64_t steps : {-300, -129, -128, -1, 0, 1, 127, 255, 300}) {
    const int64_t tie = steps * (int64_t{1} << shift) + (int64_t{1} << shift) / 2;
    for (int64_t near = -2; near <= 2; ++near) values.push_back(std::clamp(tie + near, kLowest, kHighest));
  }
  return values;
}

TEST(Requantization, RoundingShiftIsTheFormula) {
  for (int shift = 0; shift <= kMaxShift; ++shift) {
    for (const int64_t acc : Accumulators(shift)) {
      ASSERT_EQ(RoundingShift(acc, shift), RoundHalfUp(Rational(acc) * Power(-shift)))
          << acc << " >> " << shift;
    }
  }
}

TEST(Requantization, SaturatesOnceAfterRounding) {
  for (int shift = 0; shift <= kMaxShift; ++shift) {
    for (const int64_t acc : Accumulators(shift)) {
      for (const auto& [low, high] : {std::pair{0, 255}, {-128, 127}, {0, 0}, {3, 17}, {-128, -128}}) {
        const Integer rounded = RoundHalfUp(Rational(acc) * Power(-shift));
        ASSERT_EQ(Requantize(acc, shift, low, high), Saturate(rounded, low, high)) << acc << " >> " << shift;
      }
    }
  }
}

TEST(Requantization, WorkedExamples) {
  EXPECT_EQ(Requantize(1000, 4, 0, 255), 63);       // 62.5 rounds up
  EXPECT_EQ(Requantize(-1000, 4, -128, 127), -62);  // so does -62.5
  EXPECT_EQ(Requantize(4087, 4, 0, 255), 255);
  EXPECT_EQ(Requantize(4088, 4, 0, 255), 255);  // 255.5 rounds to 256, then saturates
  EXPECT_EQ(Requantize(-9, 4, 0, 255), 0);
  EXPECT_EQ(Requantize(kHighest, 31, -128, 127), 1);
  EXPECT_EQ(Requantize(kLowest, 31, -128, 127), -1);
}

TEST(Requantization, RoundingDivideIsTheFormula) {
  std::mt19937_64 random(1);
  for (int64_t count = 1; count <= 300; ++count) {
    for (int64_t sum = -700; sum <= 700; ++sum) {
      ASSERT_EQ(RoundingDivide(sum, count), RoundHalfUp(Rational(sum, count))) << sum << " / " << count;
    }
  }
  for (int i = 0; i < 2000; ++i) {
    const int64_t sum = int64_t(random()) >> (8 + random() % 40);
    const int64_t count = 1 + int64_t(random() % (uint64_t{1} << (1 + random() % 26)));
    ASSERT_EQ(RoundingDivide(sum, count), RoundHalfUp(Rational(sum, count))) << sum << " / " << count;
  }
}

}  // namespace
}  // namespace colonnade::quant
