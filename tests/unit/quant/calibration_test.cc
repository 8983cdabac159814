// SPDX-License-Identifier: Apache-2.0
#include "server/quant/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "server/quant/io.h"

namespace colonnade::quant {
namespace {

double ExactError(const std::vector<float>& values, double scale, bool is_signed) {
  const Tensor tensor{{}, {}, scale, is_signed};
  double sum = 0;
  for (const float value : values) {
    const double q = QuantizeInputValue(tensor, value) - tensor.zero_point();
    sum += std::pow(value - scale * q, 2);
  }
  return sum;
}

TEST(RangeObserver, EstimatesTheSquaredErrorOfAnyScale) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0, std::exp2(float(seed) - 10));
    std::vector<float> values;
    RangeObserver observer;
    for (int i = 0; i < 20000; ++i)
      values.push_back(seed % 2 ? std::max(normal(random), 0.0f) : normal(random));
    observer.Observe(3, std::span(values).first(5000));
    observer.Observe(3, std::span(values).subspan(5000));
    for (int exponent = -6; exponent <= 2; ++exponent) {
      const double scale = std::ldexp(std::exp2(double(seed) - 10), exponent);
      for (const bool is_signed : {false, true}) {
        const double exact = ExactError(values, scale, is_signed);
        EXPECT_NEAR(observer.SquaredError(3, scale, is_signed), exact, 0.1 * exact)
            << seed << ", " << exponent;
      }
    }
  }
}

// The k-th smallest magnitude, k = percent of all, rounded up.
double ExactMagnitude(std::vector<float> values, double percent) {
  for (float& value : values) value = std::abs(value);
  std::sort(values.begin(), values.end());
  return values[size_t(std::ceil(percent / 100 * double(values.size()))) - 1];
}

TEST(RangeObserver, FindsMagnitudesByPercentage) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> values;
  for (int i = 0; i < 10000; ++i) values.push_back(normal(random));
  RangeObserver observer;
  observer.Observe(2, values);
  for (const double percent : {1.0, 50.0, 75.0, 99.0, 99.9, 99.99}) {
    const double exact = ExactMagnitude(values, percent);
    EXPECT_GE(observer.Magnitude(2, percent), exact) << percent;
    EXPECT_LE(observer.Magnitude(2, percent), exact * (1 + 1.0 / 32)) << percent;
  }
  EXPECT_EQ(observer.Magnitude(2, 100), ExactMagnitude(values, 100));
}

TEST(RangeObserver, TheMagnitudeOfMostlyZerosIsZero) {
  RangeObserver observer;
  observer.Observe(0, std::vector<float>{0, -0.0f, 0, -3, 1e-42f});
  EXPECT_EQ(observer.Magnitude(0, 80), 0);
  EXPECT_EQ(observer.Magnitude(0, 81), 3);
}

TEST(RangeObserver, KeepsRanges) {
  RangeObserver observer;
  EXPECT_FALSE(observer.Has(0));
  observer.Observe(1, std::vector<float>{0.5f, -3.0f});
  observer.Observe(1, std::vector<float>{7.25f, 0.0f});
  EXPECT_FALSE(observer.Has(0));
  EXPECT_FALSE(observer.Has(2));
  ASSERT_TRUE(observer.Has(1));
  EXPECT_TRUE(observer.IsFinite(1));
  EXPECT_EQ(observer.lowest(1), -3.0f);
  EXPECT_EQ(observer.highest(1), 7.25f);
}

TEST(RangeObserver, NothingObservedIsNotZeros) {
  RangeObserver observer;
  observer.Observe(0, {});
  EXPECT_FALSE(observer.Has(0));
  observer.Observe(0, std::vector<float>{0.0f, -0.0f, 1e-42f});
  EXPECT_TRUE(observer.Has(0));
  EXPECT_EQ(observer.SquaredError(0, 1.0, false), 0);
}

TEST(RangeObserver, RemembersValuesThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    RangeObserver observer;
    observer.Observe(0, std::vector<float>{1.0f, bad});
    EXPECT_TRUE(observer.Has(0));
    EXPECT_FALSE(observer.IsFinite(0));
    EXPECT_EQ(observer.highest(0), 1.0f);
  }
}

}  // namespace
}  // namespace colonnade::quant
