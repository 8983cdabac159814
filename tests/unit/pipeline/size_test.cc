// SPDX-License-Identifier: Apache-2.0
// Networks shaped like well-known ones, from ONNX to logits, small enough for every test run;
// measure_size does the same at full size.
#include <gtest/gtest.h>

#include "tests/support/known_shapes.h"
#include "tests/support/size_run.h"

namespace colonnade {
namespace {

int64_t WeightsOf(const nn::Network& network) {
  int64_t weights = 0;
  for (const nn::Layer& layer : network.layers) {
    if (const auto* conv = layer.as<nn::Convolution>()) weights += int64_t(conv->weight.size());
    if (const auto* linear = layer.as<nn::Linear>()) weights += int64_t(linear->weight.size());
  }
  return weights;
}

void ExpectBitExact(nn::Network network, int64_t matrix_layers) {
  const auto run = RunThrough(std::move(network), {.unpacked = true});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->matrix_layers, matrix_layers);
  EXPECT_LT(run->packed_columns, run->dense_columns / 4);
  EXPECT_GE(run->packed_columns, run->dense_columns / 8);
  for (const StageUse& stage : run->stages) EXPECT_GT(stage.peak_bytes, 0) << stage.name;
}

// As published, without biases and BatchNorms.
TEST(Size, TheShapesHaveThePublishedNumberOfWeights) {
  EXPECT_EQ(WeightsOf(MakeResNet({.side = 32})), 11'678'912);
  EXPECT_EQ(WeightsOf(MakeMobileNetV2({.side = 32})), 3'469'760);
  EXPECT_EQ(WeightsOf(MakeVgg16({})), 138'344'128);
}

TEST(Size, AResNet18IsBitExact) { ExpectBitExact(MakeResNet({.width = 16, .side = 64, .classes = 10}), 21); }

TEST(Size, AVgg16IsBitExact) { ExpectBitExact(MakeVgg16({.width = 16, .hidden = 256, .side = 64, .classes = 10}), 16); }

TEST(Size, AMobileNetV2IsBitExact) { ExpectBitExact(MakeMobileNetV2({.width = 0.25, .side = 64, .classes = 10}), 53); }

}  // namespace
}  // namespace colonnade
