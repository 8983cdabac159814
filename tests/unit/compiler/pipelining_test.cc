// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/pipelining.h"

#include <gtest/gtest.h>

#include "server/array/schedule.h"
#include "server/compiler/compile.h"
#include "tests/support/random_packed.h"

namespace colonnade::compiler {
namespace {

constexpr nn::Window kPadded = {3, 3, 1, 1, 1, 1, 1, 1};

// `layers` convolutions of one channel on a 4 x 5 image, whose outputs have its size: 3x3, padded, but for
// the last one's window.
array::ArrayProgram Chain(int layers, int interleave, const nn::Window& last = kPadded) {
  quant::QuantizedNetwork network{"image", "out", {}, {}};
  network.tensors = {{"image", {1, 4, 5}, 1.0, false}};
  for (int i = 0; i < layers; ++i) {
    quant::MatrixLayer layer;
    layer.input = i;
    layer.window = i + 1 == layers ? last : kPadded;
    const int width = layer.window.kernel_w, taps = layer.window.kernel_h * width;
    layer.weights = {1, taps, std::vector<int8_t>(size_t(taps), 1), {}};
    for (int c = 0; c < taps; ++c) layer.weights.column_sites.push_back({0, c / width, c % width});
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
    EXPECT_EQ(one.buffer_bytes, 0);
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

TEST(Pipelining, TheLineBufferHoldsTwoLinesTheWindowAndWhatArrivesMeanwhile) {
  // A pixel comes every 8 cycles, or every 32; the last column reads 9 cycles after the issue.
  EXPECT_EQ(PredictPipelined(Chain(2, 4)).steps[1].buffer_pixels, 2 * 5 + 3 + 1);
  EXPECT_EQ(PredictPipelined(Chain(2, 1)).steps[1].buffer_pixels, 2 * 5 + 3);
}

TEST(Pipelining, ALargerArrayIsALongerWay) {
  const array::ArrayProgram chain = Chain(2, 4);
  const Pipelined exact = PredictPipelined(chain);
  const Pipelined larger = PredictPipelined(chain, std::vector<ArraySize>{{4, 10}, {1, 9}});
  EXPECT_EQ(larger.steps[1].first_word, exact.steps[1].first_word + 3 + 1);
  EXPECT_EQ(larger.latency, exact.latency + 3 + 1);
  EXPECT_EQ(larger.cells, 4 * 10 + 9);
}

TEST(Pipelining, ALayerThatWaitsWithinAnImageDelaysTheNextOne) {
  EXPECT_EQ(PredictPipelined(Chain(2, 4)).interval, 8 * 20);
  // Every other line, and two lines below the image: 5 words, a pause of 5, then 15.
  const nn::Window sparse{.stride_h = 2, .pad_bottom = 4};
  EXPECT_EQ(PredictPipelined(Chain(2, 4, sparse)).interval, 8 * 25);
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
