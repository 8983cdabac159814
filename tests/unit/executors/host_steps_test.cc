// SPDX-License-Identifier: Apache-2.0
#include "server/executors/host_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace colonnade::executors {
namespace {

using nn::Shape;
using Bytes = std::vector<uint8_t>;
using ::testing::ElementsAre;

// Where each channel-major byte lies when channels are side by side.
std::vector<size_t> PixelOrder(const Shape& shape) {
  std::vector<size_t> order;
  for (int c = 0; c < shape.channels; ++c) {
    for (int pixel = 0; pixel < shape.height * shape.width; ++pixel) {
      order.push_back(size_t(pixel) * shape.channels + c);
    }
  }
  return order;
}

// Runs `layer` on the first tensors, which hold `bytes`, into the last: in both orders of bytes,
// with the same result.
Bytes RunLayer(const quant::HostLayer& layer, std::vector<quant::Tensor> tensors, std::vector<Bytes> bytes) {
  const size_t output = tensors.size() - 1;
  bytes.resize(tensors.size());
  bytes[output].assign(size_t(tensors[output].shape.size()), 77);
  std::vector<Bytes> by_pixel = bytes;
  std::vector<TensorView> views, pixel_views;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Shape& shape = tensors[i].shape;
    const std::vector<size_t> order = PixelOrder(shape);
    for (size_t k = 0; k < order.size(); ++k) by_pixel[i][order[k]] = bytes[i][k];
    views.push_back(ChannelMajor(tensors[i], bytes[i].data()));
    pixel_views.push_back({&tensors[i], by_pixel[i].data(), 1, shape.channels, int64_t{shape.width} * shape.channels});
  }
  RunHostStep(layer, views, int(output));
  RunHostStep(layer, pixel_views, int(output));
  const std::vector<size_t> order = PixelOrder(tensors[output].shape);
  for (size_t k = 0; k < order.size(); ++k) EXPECT_EQ(by_pixel[output][order[k]], bytes[output][k]);
  return bytes[output];
}

quant::Tensor Unsigned(Shape shape) { return {"t", shape, 1.0, false}; }
quant::Tensor Signed(Shape shape) { return {"t", shape, 1.0, true}; }

TEST(HostSteps, AddAlignsRoundsAndSaturates) {
  const Shape shape{1, 1, 4};
  const quant::AddLayer add{0, 1, 2, 0, 1, -128, 127};
  // (4a + b) / 2: (40 + 1) / 2 = 20.5 -> 21; (-40 - 1) / 2 = -20.5 -> -20; saturated both ways.
  EXPECT_THAT(
      RunLayer(add, {Signed(shape), Signed(shape), Signed(shape)}, {{138, 118, 255, 0}, {129, 127, 255, 0}}),
      ElementsAre(128 + 21, 128 - 20, 255, 0));
}

TEST(HostSteps, AddOfUnsignedTensorsMayClip) {
  const Shape shape{1, 1, 2};
  EXPECT_THAT(RunLayer(quant::AddLayer{0, 1, 0, 0, 0, 0, 50},
                       {Unsigned(shape), Signed(shape), Unsigned(shape)}, {{10, 20}, {128 - 11, 128 + 40}}),
              ElementsAre(0, 50));
}

TEST(HostSteps, MaxPoolIgnoresPadding) {
  const quant::MaxPoolLayer pool{0, {2, 2, 2, 2, 1, 1, 1, 1}};
  EXPECT_THAT(RunLayer(pool, {Signed({1, 2, 2}), Signed({1, 2, 2})}, {{3, 9, 100, 4}}),
              ElementsAre(3, 9, 100, 4));
}

TEST(HostSteps, AveragePoolRoundsHalvesUp) {
  const quant::AveragePoolLayer pool{0, {1, 2, 1, 2}};
  EXPECT_THAT(RunLayer(pool, {Signed({1, 1, 4}), Signed({1, 1, 2})}, {{129, 130, 127, 126}}),
              ElementsAre(128 + 2, 128 - 1));
}

TEST(HostSteps, AveragePoolCountsPaddingWhenTold) {
  const nn::Window window{1, 2, 1, 2, 0, 1, 0, 1};
  const quant::AveragePoolLayer with{0, window, true}, without{0, window, false};
  EXPECT_THAT(RunLayer(with, {Unsigned({1, 1, 2}), Unsigned({1, 1, 2})}, {{10, 21}}), ElementsAre(5, 11));
  EXPECT_THAT(RunLayer(without, {Unsigned({1, 1, 2}), Unsigned({1, 1, 2})}, {{10, 21}}), ElementsAre(10, 21));
}

TEST(HostSteps, AveragePoolRefinesTheScaleAndSaturates) {
  const quant::AveragePoolLayer pool{0, {1, 2, 1, 2}, true, 2};
  EXPECT_THAT(RunLayer(pool, {Unsigned({1, 1, 4}), Unsigned({1, 1, 2})}, {{10, 11, 200, 200}}),
              ElementsAre(42, 255));
}

TEST(HostSteps, ShiftFillsWithTheZeroPoint) {
  const quant::ShiftLayer shift{0, {0, 1}, {-1, 0}, 1, 1};
  EXPECT_THAT(RunLayer(shift, {Signed({2, 2, 2}), Signed({2, 2, 2})}, {{1, 2, 3, 4, 5, 6, 7, 8}}),
              ElementsAre(128, 1, 128, 3, 7, 8, 128, 128));
}

TEST(HostSteps, ShiftMayStride) {
  const quant::ShiftLayer shift{0, {0}, {1}, 1, 2};
  EXPECT_THAT(RunLayer(shift, {Unsigned({1, 1, 5}), Unsigned({1, 1, 3})}, {{1, 2, 3, 4, 5}}),
              ElementsAre(2, 4, 0));
}

TEST(HostSteps, SubsampleStartsWithTheFirstPixel) {
  const quant::SubsampleLayer subsample{0, 2, 3};
  EXPECT_THAT(RunLayer(subsample, {Unsigned({1, 3, 4}), Unsigned({1, 2, 2})},
                       {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}),
              ElementsAre(1, 4, 9, 12));
}

TEST(HostSteps, PadChannelsAddsZeros) {
  const quant::PadChannelsLayer pad{0, 1, 2};
  EXPECT_THAT(RunLayer(pad, {Signed({1, 1, 2}), Signed({4, 1, 2})}, {{5, 6}}),
              ElementsAre(128, 128, 5, 6, 128, 128, 128, 128));
}

TEST(HostSteps, FlattenAndConcatCopy) {
  EXPECT_THAT(RunLayer(quant::FlattenLayer{0}, {Unsigned({1, 1, 2}), Unsigned({2, 1, 1})}, {{5, 6}}),
              ElementsAre(5, 6));
  EXPECT_THAT(RunLayer(quant::ConcatLayer{{1, 0, 1}},
                       {Unsigned({1, 1, 2}), Unsigned({1, 1, 2}), Unsigned({3, 1, 2})}, {{5, 6}, {7, 8}}),
              ElementsAre(7, 8, 5, 6, 7, 8));
}

TEST(HostSteps, ClipMovesASignedTensorToAnUnsignedOne) {
  EXPECT_THAT(
      RunLayer(quant::ClipLayer{0, 0, 90}, {Signed({1, 1, 3}), Unsigned({1, 1, 3})}, {{100, 128 + 7, 255}}),
      ElementsAre(0, 7, 90));
}

}  // namespace
}  // namespace colonnade::executors
