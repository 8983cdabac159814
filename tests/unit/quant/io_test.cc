// SPDX-License-Identifier: Apache-2.0
#include "server/quant/io.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace colonnade::quant {
namespace {

Tensor WithScale(double scale, bool is_signed) { return {"x", {1, 1, 1}, scale, is_signed}; }

TEST(QuantizeInput, RoundsHalvesUpAndSaturatesOnce) {
  const Tensor unsigned_tensor = WithScale(0.5, false);
  EXPECT_EQ(QuantizeInputValue(unsigned_tensor, 0.25), 1);
  EXPECT_EQ(QuantizeInputValue(unsigned_tensor, 0.249), 0);
  EXPECT_EQ(QuantizeInputValue(unsigned_tensor, -3), 0);
  EXPECT_EQ(QuantizeInputValue(unsigned_tensor, 127.24), 254);
  EXPECT_EQ(QuantizeInputValue(unsigned_tensor, 1e30), 255);
  const Tensor signed_tensor = WithScale(1.0, true);
  EXPECT_EQ(QuantizeInputValue(signed_tensor, -0.5), 128);
  EXPECT_EQ(QuantizeInputValue(signed_tensor, -1.5), 127);
  EXPECT_EQ(QuantizeInputValue(signed_tensor, -128.5), 0);
  EXPECT_EQ(QuantizeInputValue(signed_tensor, -1e30), 0);
  EXPECT_EQ(QuantizeInputValue(signed_tensor, 1e30), 255);
}

TEST(QuantizeInput, IsTheFormulaForEveryValue) {
  for (const bool is_signed : {false, true}) {
    const Tensor tensor = WithScale(0.0173, is_signed);
    std::vector<float> values;
    for (int i = -20000; i <= 20000; ++i) values.push_back(float(i) * 0.00037f);
    std::vector<uint8_t> bytes(values.size());
    ASSERT_TRUE(QuantizeInput(tensor, values, bytes).ok());
    for (size_t i = 0; i < values.size(); ++i) {
      const double q = std::min(std::max(std::floor(values[i] / 0.0173 + 0.5), double(tensor.lowest())),
                                double(tensor.highest()));
      ASSERT_EQ(bytes[i], int(q) + tensor.zero_point()) << values[i];
    }
  }
}

TEST(QuantizeInput, RefusesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    const std::vector<float> values = {0, bad, 1};
    std::vector<uint8_t> bytes(3);
    EXPECT_EQ(QuantizeInput(WithScale(1, false), values, bytes).code(), absl::StatusCode::kInvalidArgument);
  }
  const std::vector<float> extremes = {std::numeric_limits<float>::max(),
                                       std::numeric_limits<float>::lowest()};
  std::vector<uint8_t> bytes(2);
  ASSERT_TRUE(QuantizeInput(WithScale(1e-300, true), extremes, bytes).ok());
  EXPECT_EQ(bytes, (std::vector<uint8_t>{255, 0}));
}

TEST(ToReal, MultipliesInDouble) {
  const std::vector<int32_t> results = {3, -7, std::numeric_limits<int32_t>::max()};
  std::vector<float> logits(3);
  ToReal(results, 0.1, logits);
  EXPECT_EQ(logits[0], float(3 * 0.1));
  EXPECT_EQ(logits[1], float(-7 * 0.1));
  EXPECT_EQ(logits[2], float(2147483647 * 0.1));
}

TEST(Softmax, SumsToOneAndSurvivesLargeLogits) {
  std::vector<float> logits = {1000, 999, -1000};
  Softmax(logits);
  EXPECT_NEAR(logits[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(logits[0] + logits[1] + logits[2], 1, 1e-6);
  EXPECT_EQ(logits[2], 0);
}

}  // namespace
}  // namespace colonnade::quant
