// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/pipelining.h"

#include <gtest/gtest.h>

#include "server/array/schedule.h"
#include "server/compiler/compile.h"
#include "tests/support/random_packed.h"

namespace colonnade::compiler {
namespace {

// `layers` 3x3 convolutions of one channel, padded, on a 4 x 5 image.
array::ArrayProgram Chain(int layers, int interleave) {
  quant::QuantizedNetwork network{"image", "out", {}, {}};
  network.tensors = {{"image", {1, 4, 5}, 1.0, false}};
  for (int i = 0; i < layers; ++i) {
    quant::MatrixLayer layer;
    layer.input = i;
    layer.window = {3, 3, 1, 1, 1, 1, 1, 1};
    layer.weights = {1, 9, std::vector<int8_t>(9, 1), {}};
    for (int c = 0; c < 9; ++c) layer.weights.column_sites.push_back({0, c / 3, c % 3});
    layer.bias = {0};
    layer.shift = {4};
    layer.source = "conv" + std::to_string(i);
    network.layers.push_back({layer.source, layer});
    network.tensors.push_back({layer.source, {1, 4, 5}, 16.0, false});
  }
  array::ArrayConfig config;
  config.interleave = interleave;
  for (size_t i = 0; i < network.tensors.size(); ++i) network.tensors[i].scale = std::ldexp(1.0, int(4 * i));
  auto program = CompileDense(network, config);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

// The way of a sum through an array of one row and nine columns, and its writing.
constexpr int64_t kThrough = 4 + 8 + 0 + 32 + 3 + 1;

TEST(Pipelining, OneLayerStreamsItsPixels) {
  for (const int interleave : {1, 4}) {
    const int64_t word = interleave == 1 ? 32 : 8;
    const Pipelined one = PredictPipelined(Chain(1, interleave));
    EXPECT_EQ(one.latency, word * 19 + kThrough);
    EXPECT_EQ(one.interval, word * 20);
    EXPECT_EQ(one.cells, 9);
    EXPECT_EQ(one.buffer_bytes, 2 * 5);
  }
}

TEST(Pipelining, AWindowWaitsForALineAndAPixel) {
  const Pipelined two = PredictPipelined(Chain(2, 4));
  // Pixel (1, 1) of the first layer is its seventh; the second layer's words follow at the same
  // rate, until its last line and column need nothing further.
  EXPECT_EQ(two.steps[1].first_word, 8 * 6 + kThrough);
  EXPECT_EQ(two.latency, two.steps[1].first_word + 8 * 19 + kThrough);
  EXPECT_EQ(two.cells, 18);
}

TEST(Pipelining, IsNeverSlowerThanOneLayerAfterTheOther) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed);
    auto program = Compile(random.network, random.groupings, random.config);
    ASSERT_TRUE(program.ok()) << program.status();
    const Pipelined pipelined = PredictPipelined(*program);
    int64_t in_turn = 0;
    for (const PipelinedStep& step : pipelined.steps) in_turn += step.last_output - step.first_word;
    EXPECT_LE(pipelined.latency, in_turn) << "seed " << seed;
  }
}

}  // namespace
}  // namespace colonnade::compiler
