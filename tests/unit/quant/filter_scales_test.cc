// SPDX-License-Identifier: Apache-2.0
#include "server/quant/filter_scales.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "server/quant/accumulator_range.h"

namespace colonnade::quant {
namespace {

using ::testing::ElementsAre;

nn::FilterMatrix Row(std::vector<float> weights) {
  nn::FilterMatrix matrix{1, static_cast<int>(weights.size()), std::move(weights), {}};
  for (int column = 0; column < matrix.columns; ++column) matrix.column_sites.push_back({column, 0, 0});
  return matrix;
}

// The worked example of docs/numerics.md.
TEST(FilterScales, WorkedExample) {
  const nn::FilterMatrix matrix = Row({0.30f, -0.11f});
  const std::vector<float> bias = {0.2f};
  const Tensor input{"in", {2, 1, 1}, std::ldexp(1.0, -4), false};
  const Tensor residual{"residual", {1, 1, 1}, std::ldexp(1.0, -2), false};
  const LayerScales scales{input, std::ldexp(1.0, -3), &residual, 1};
  ASSERT_EQ(LargestShift(BoundsOf(matrix, bias)[0], scales), 9);
  MatrixLayer layer;
  RoundWeights(matrix, bias, input.scale, std::vector<double>{std::ldexp(1.0, -8)}, layer);
  EXPECT_THAT(layer.weights.values, ElementsAre(77, -28));
  EXPECT_THAT(layer.bias, ElementsAre(819));
  EXPECT_EQ(Requantize(819 + 77 * 40 - 28 * 100 + 3 * (1 << 10), 9, 0, 255), 8);
}

TEST(FilterScales, TheLargestShiftFitsAndTheNextDoesNot) {
  std::mt19937_64 random(5);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * double(random() % 4097) / 4096;
  };
  int limited_by_accumulator = 0;
  for (int trial = 0; trial < 500; ++trial) {
    const int columns = 1 + int(random() % 3000);
    std::vector<float> weights(columns);
    const double size = std::exp2(uniform(-16, 4));
    for (float& weight : weights) weight = float(size * (trial % 2 ? 1.0 : uniform(-1, 1)));
    const nn::FilterMatrix matrix = Row(weights);
    const std::vector<float> bias = {float(uniform(-2, 2) * std::exp2(uniform(-4, 14)))};
    const Tensor input{"in", {columns, 1, 1}, std::exp2(uniform(-8, 2)), trial % 3 == 0};
    const Tensor residual{"residual", {1, 1, 1}, 1.0, trial % 5 == 0};
    const LayerScales scales{input, std::exp2(uniform(-8, 2)), trial % 4 ? nullptr : &residual,
                             int(random() % 5) - 2};
    const FilterBounds bounds = BoundsOf(matrix, bias)[0];
    const std::optional<int> shift = LargestShift(bounds, scales);
    if (!shift || (scales.residual && *shift + scales.residual_exponent < 0)) continue;
    MatrixLayer layer;
    const double weight_scale = std::ldexp(scales.output_scale / input.scale, -*shift);
    RoundWeights(matrix, bias, input.scale, std::vector<double>{weight_scale}, layer);
    layer.shift = {uint8_t(*shift)};
    if (scales.residual) layer.residual = Residual{0, scales.residual_exponent};
    EXPECT_TRUE(RangeOf(layer, 0, input, scales.residual).FitsInt32()) << trial;
    int largest = 0;
    for (const int weight : layer.weights.values) largest = std::max(largest, std::abs(weight));
    EXPECT_LE(largest, kMaxWeight) << trial;
    if (*shift == kMaxShift || largest >= 63) continue;
    // A finer scale would leave 32 bits, give or take what rounding may add.
    ++limited_by_accumulator;
    const double bias_reach = 2 * std::abs(bias[0]) / (weight_scale * input.scale);
    const double residual_reach =
        scales.residual ? std::ldexp(255.0, *shift + 1 + scales.residual_exponent) : 0;
    EXPECT_GT((2 * bounds.sum / weight_scale + bounds.nonzeros) * 255 + bias_reach + residual_reach,
              2147483647.0);
  }
  EXPECT_GT(limited_by_accumulator, 10);
}

TEST(FilterScales, NoShiftFitsTooLargeWeights) {
  const Tensor input{"in", {1, 1, 1}, 1.0, true};
  const std::vector<float> bias = {0};
  EXPECT_EQ(LargestShift(BoundsOf(Row({127}), bias)[0], {input, 1.0}), 0);
  EXPECT_EQ(LargestShift(BoundsOf(Row({127.5f}), bias)[0], {input, 1.0}), std::nullopt);
  EXPECT_EQ(LargestShift(BoundsOf(Row({0}), bias)[0], {input, 1.0}), kMaxShift);
  EXPECT_EQ(LargestShift(BoundsOf(Row({0}), std::vector<float>{1.0f})[0], {input, 1.0}), 30);
}

TEST(FilterScales, LogitsShareTheFinestScaleThatFits) {
  const Tensor input{"in", {1, 1, 1}, 0.5, false};
  std::vector<FilterBounds> filters(2);
  filters[0] = {0.5, 3.0, 8, 0.1};
  filters[1] = {2.54, 5.0, 8, 0.0};
  EXPECT_DOUBLE_EQ(LogitWeightScale(filters, input), 0.02);
  filters[0].bias = 1e9;
  const double scale = LogitWeightScale(filters, input);
  EXPECT_LE(1e9 / (scale * 0.5), 2147483647.0);
  EXPECT_GT(1e9 / (scale * 0.5), 2147483647.0 / 2.1);
  EXPECT_EQ(LogitWeightScale(std::vector<FilterBounds>(3), input), 1.0);
}

}  // namespace
}  // namespace colonnade::quant
