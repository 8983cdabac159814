// SPDX-License-Identifier: Apache-2.0
// Check() refuses each kind of damage and says what it found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "server/base/status.h"
#include "server/quant/accumulator_range.h"
#include "server/quant/reference_network.h"
#include "tests/unit/quant/random_layer.h"

namespace colonnade::quant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// image -> conv (2 filters, 2x2) -> block (1x1, residual) -> the host layer.
class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    network_.tensors = {
        {"image", {1, 5, 5}, 0.5, true}, {"conv", {2, 4, 4}, 0.25, false}, {"block", {2, 4, 4}, 0.5, true}};
    conv_.weights = {2, 4, {1, -2, 3, 127, -127, 0, 0, 5}, {{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}}};
    conv_.window.kernel_h = conv_.window.kernel_w = 2;
    conv_.bias = {100, -100};
    conv_.shift = {3, 31};
    block_.input = 1;
    block_.weights = {2, 2, {1, 0, 0, 1}, {{0, 0, 0}, {1, 0, 0}}};
    block_.bias = {0, 0};
    block_.shift = {1, 4};
    block_.residual = Residual{1, -1};
    block_.low = -128;
    block_.high = 127;
  }

  std::string ErrorOf() {
    network_.layers = {{"conv", conv_}, {"block", block_}};
    if (host_) network_.layers.push_back({"host", *host_});
    return std::string(Message(Check(network_)));
  }

  std::string ErrorOf(HostLayer layer, Tensor output) {
    host_ = std::move(layer);
    network_.tensors.resize(3);
    network_.tensors.push_back(std::move(output));
    return ErrorOf();
  }

  QuantizedNetwork network_;
  MatrixLayer conv_, block_;
  std::optional<HostLayer> host_;
};

TEST_F(CheckTest, TheUndamagedNetworkPasses) { EXPECT_EQ(ErrorOf(), ""); }

TEST_F(CheckTest, NetworksNeedLayersAndTensors) {
  EXPECT_THAT(std::string(Message(Check({}))), HasSubstr("no layers"));
  network_.tensors.pop_back();
  EXPECT_THAT(ErrorOf(), HasSubstr("2 tensors for 2 layers"));
  network_.tensors.push_back(network_.tensors[1]);
  network_.logit_scale = 0;
  EXPECT_THAT(ErrorOf(), HasSubstr("logit_scale is 0; must be positive and finite"));
}

TEST_F(CheckTest, TensorsHaveShapesAndScales) {
  const auto error = [&](const nn::Shape& shape, double scale) {
    network_.tensors[2].shape = shape;
    network_.tensors[2].scale = scale;
    return ErrorOf();
  };
  EXPECT_THAT(error({2, 4, 4}, -1), HasSubstr("tensor 2 'block': scale is -1"));
  EXPECT_THAT(error({2, 4, 4}, std::numeric_limits<double>::quiet_NaN()), HasSubstr("scale is nan"));
  EXPECT_THAT(error({2, 4, 4}, std::numeric_limits<double>::infinity()), HasSubstr("scale is inf"));
  EXPECT_THAT(error({0, 4, 4}, 1), HasSubstr("channels is 0; must be 1 to 67108864"));
  EXPECT_THAT(error({1 << 13, 1 << 13, 2}, 1), HasSubstr("width is 2; must be 1 to 1"));
  EXPECT_THAT(error({1 << 30, 1 << 30, 1 << 30}, 1), HasSubstr("channels is 1073741824"));
}

TEST_F(CheckTest, LayersReadEarlierTensors) {
  for (const int input : {-1, 2, 3, 1000}) {
    block_.input = input;
    EXPECT_THAT(ErrorOf(), HasSubstr("layer 'block': an input tensor is")) << input;
  }
  block_.input = 1;
  block_.residual->tensor = 2;
  EXPECT_THAT(ErrorOf(), HasSubstr("an input tensor is 2; must be 0 to 1"));
  block_.residual->tensor = 1;
  EXPECT_THAT(ErrorOf(AddLayer{0, 3}, network_.tensors[1]), HasSubstr("layer 'host': an input tensor is 3"));
  EXPECT_THAT(ErrorOf(ConcatLayer{{1, -2}}, network_.tensors[1]), HasSubstr("an input tensor is -2"));
}

TEST_F(CheckTest, MatricesHaveTheirSizes) {
  const auto error = [&](const std::function<void(MatrixLayer&)>& damage) {
    const MatrixLayer good = conv_;
    damage(conv_);
    const std::string error = ErrorOf();
    conv_ = good;
    return error;
  };
  EXPECT_THAT(error([](auto& l) { l.weights.values.pop_back(); }),
              HasSubstr("layer 'conv': weights holds 7 values; must hold 8"));
  EXPECT_THAT(error([](auto& l) { l.weights.column_sites.pop_back(); }), HasSubstr("column_sites holds 3"));
  EXPECT_THAT(error([](auto& l) { l.bias.push_back(0); }), HasSubstr("bias holds 3"));
  EXPECT_THAT(error([](auto& l) { l.shift.clear(); }), HasSubstr("shift holds 0"));
  EXPECT_THAT(error([](auto& l) { l.weights.rows = -2, l.weights.columns = -4; }), HasSubstr("rows is -2"));
  EXPECT_THAT(error([](auto& l) { l.weights.rows = 1, l.weights.columns = 8; }),
              HasSubstr("column_sites holds 4"));
  EXPECT_THAT(error([](auto& l) { std::swap(l.weights.column_sites[1], l.weights.column_sites[2]); }),
              HasSubstr("column 1 is not at channel 0, tap (0, 1)"));
  EXPECT_THAT(error([](auto& l) { l.weights.values[2] = -128; }),
              HasSubstr("a weight is -128; must be -127 to 127"));
  EXPECT_THAT(error([](auto& l) { l.shift[0] = 32; }), HasSubstr("shift is 32; must be 0 to 31"));
  EXPECT_THAT(error([](auto& l) { l.low = -1; }), HasSubstr("low is -1; must be 0 to 255"));
  EXPECT_THAT(error([](auto& l) { l.low = 7, l.high = 6; }), HasSubstr("high is 6; must be 7 to 255"));
  EXPECT_THAT(error([](auto& l) { l.high = 256; }), HasSubstr("high is 256"));
  EXPECT_THAT(error([](auto& l) { l.is_logits = true; }),
              HasSubstr("the tensor of the logits is 1; must be 2 to 2"));
}

TEST_F(CheckTest, WindowsFitTheShapes) {
  const auto error = [&](const std::function<void(nn::Window&)>& damage) {
    const nn::Window good = conv_.window;
    damage(conv_.window);
    const std::string error = ErrorOf();
    conv_.window = good;
    return error;
  };
  EXPECT_THAT(error([](auto& w) { w.stride_h = 0; }), HasSubstr("stride_h is 0; must be 1 to 65536"));
  EXPECT_THAT(error([](auto& w) { w.pad_left = -1; }), HasSubstr("pad_left is -1"));
  EXPECT_THAT(error([](auto& w) { w.dilation_w = 65537; }), HasSubstr("dilation_w is 65537"));
  EXPECT_THAT(error([](auto& w) { w.stride_w = 2; }),
              HasSubstr("its output has shape 1x4x4; its inputs give 1x4x2"));
  EXPECT_THAT(error([](auto& w) { w.kernel_h = 3; }), HasSubstr("weight holds 4 values; the shapes need 6"));
  EXPECT_THAT(error([](auto& w) { w.kernel_h = w.kernel_w = 65536; }), HasSubstr("layer 'conv'"));
}

TEST_F(CheckTest, ResidualsMatchTheOutput) {
  block_.residual->exponent = -2;
  EXPECT_THAT(ErrorOf(), HasSubstr("scale 0.5 of tensor 'block' times 2^-2 is not the scale 0.25 of 'conv'"));
  block_.residual->exponent = std::numeric_limits<int>::min();
  EXPECT_THAT(ErrorOf(), HasSubstr("is not the scale"));
  block_.residual->exponent = -1;
  block_.shift = {0, 4};
  EXPECT_THAT(ErrorOf(), HasSubstr("shift + residual exponent is -1; must be 0 to 31"));
  block_.shift = {1, 4};
  block_.residual->tensor = 0;
  EXPECT_THAT(ErrorOf(), HasSubstr("its residual has shape 1x5x5, its output 2x4x4"));
  block_.residual->tensor = 1;
  block_.is_logits = true;
  EXPECT_THAT(ErrorOf(), HasSubstr("logits have no residual"));
}

TEST_F(CheckTest, AccumulatorsStayWithin32Bits) {
  // Row 0 of conv: bias + sum w * q, q in -128..127, weights 1, -2, 3, 127.
  const int64_t reach = (1 + 2 + 3 + 127) * 128;
  const int64_t highest = std::numeric_limits<int32_t>::max(), lowest = std::numeric_limits<int32_t>::min();
  conv_.bias[0] = int32_t(highest - (1 + 3 + 127) * 127 - 2 * 128);
  EXPECT_EQ(ErrorOf(), "");
  ++conv_.bias[0];
  EXPECT_THAT(ErrorOf(), HasSubstr("layer 'conv': row 0 can reach"));
  conv_.bias[0] = int32_t(lowest + reach + 2 * (127 - 128));
  EXPECT_EQ(ErrorOf(), "");
  --conv_.bias[0];
  EXPECT_THAT(ErrorOf(), HasSubstr("which leaves 32 bits"));
}

TEST_F(CheckTest, ResidualsCountInTheAccumulator) {
  block_.shift[1] = 24;  // 255 * 2^23 fits, 255 * 2^24 does not
  EXPECT_EQ(ErrorOf(), "");
  block_.shift[1] = 25;
  EXPECT_THAT(ErrorOf(), HasSubstr("layer 'block': row 1 can reach 0 to 4278190335"));
}

TEST(AccumulatorRange, IsTheExtremeOverAllBytes) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    LayerSource source(seed);
    const nn::Shape shape{source.Pick(1, 3), 1, 1};
    const Tensor input = source.RandomTensor(shape, 1.0);
    const MatrixLayer layer = source.RandomMatrix(shape, {}, 1);
    const AccumulatorRange range = RangeOf(layer, 0, input, nullptr);
    int64_t lowest = std::numeric_limits<int64_t>::max(), highest = std::numeric_limits<int64_t>::min();
    for (int corner = 0; corner < 1 << shape.channels; ++corner) {
      int64_t acc = layer.bias[0];
      for (int c = 0; c < shape.channels; ++c) {
        acc += layer.weights.at(0, c) * (corner >> c & 1 ? input.highest() : input.lowest());
      }
      lowest = std::min(lowest, acc);
      highest = std::max(highest, acc);
    }
    EXPECT_EQ(range.lowest, lowest);
    EXPECT_EQ(range.highest, highest);
  }
}

TEST_F(CheckTest, AdditionsAlignScales) {
  const Tensor out{"host", {2, 4, 4}, 2.0, true};
  const AddLayer good{1, 2, 0, 1, 3, -128, 127};
  EXPECT_EQ(ErrorOf(good, out), "");
  AddLayer bad = good;
  bad.left_b = 0;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("scale 0.5 of tensor 'block' times 2^3"));
  bad = good;
  bad.left_a = 17;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("left_a is 17; must be 0 to 16"));
  bad = good;
  bad.left_b = -1;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("left_b is -1"));
  bad = good;
  bad.shift = 32;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("shift is 32"));
  bad = good;
  bad.high = 128;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("high is 128; must be -128 to 127"));
  bad = good;
  bad.a = 0;
  EXPECT_THAT(ErrorOf(bad, out), HasSubstr("adds 1x5x5 and 2x4x4"));
  EXPECT_THAT(ErrorOf(good, {"host", {2, 4, 3}, 2.0, true}),
              HasSubstr("its output has shape 2x4x3; its inputs give 2x4x4"));
}

TEST_F(CheckTest, PoolsTouchTheImageAndKeepTheSign) {
  const Tensor out{"host", {2, 2, 2}, 0.5, true};
  nn::Window window{2, 2, 2, 2};
  EXPECT_EQ(ErrorOf(MaxPoolLayer{2, window}, out), "");
  EXPECT_THAT(ErrorOf(MaxPoolLayer{2, window}, {"host", {2, 2, 2}, 0.5, false}),
              HasSubstr("is signed, the other not"));
  EXPECT_THAT(ErrorOf(MaxPoolLayer{2, window}, {"host", {2, 2, 2}, 0.25, true}),
              HasSubstr("is not the scale"));
  EXPECT_EQ(ErrorOf(AveragePoolLayer{2, window, true, 1}, {"host", {2, 2, 2}, 0.25, true}), "");
  EXPECT_THAT(ErrorOf(AveragePoolLayer{2, window, true, 1}, out), HasSubstr("is not the scale"));
  EXPECT_THAT(ErrorOf(AveragePoolLayer{2, window, true, -1}, out), HasSubstr("left is -1; must be 0 to 16"));
  EXPECT_THAT(ErrorOf(AveragePoolLayer{2, window, true, 0}, {"host", {2, 2, 2}, 0.5, false}),
              HasSubstr("is signed"));
  window.pad_top = 2;
  EXPECT_THAT(ErrorOf(MaxPoolLayer{2, window}, {"host", {2, 3, 2}, 0.5, true}),
              HasSubstr("lies in the padding only"));
  window = {1 << 16, 1 << 16};
  EXPECT_THAT(ErrorOf(MaxPoolLayer{2, window}, out), HasSubstr("kernel_h * kernel_w is 4294967296"));
  window = {2, 2, 2, 2};
  window.dilation_h = 2;
  EXPECT_THAT(ErrorOf(AveragePoolLayer{2, window}, out), HasSubstr("dilation"));
}

TEST_F(CheckTest, MovingLayersKeepScaleAndSign) {
  const Tensor same = network_.tensors[2];
  const auto shaped = [&](const nn::Shape& shape) {
    return Tensor{"host", shape, same.scale, same.is_signed};
  };
  Tensor finer = same, positive = same;
  finer.scale /= 2;
  positive.is_signed = false;
  EXPECT_EQ(ErrorOf(ShiftLayer{2, {1, -1}, {0, 65536}}, same), "");
  EXPECT_THAT(ErrorOf(ShiftLayer{2, {1}, {0, 0}}, same), HasSubstr("has 1 and 2 offsets"));
  EXPECT_THAT(ErrorOf(ShiftLayer{2, {1, 65537}, {0, 0}}, same), HasSubstr("offset is 65537"));
  EXPECT_THAT(ErrorOf(ShiftLayer{2, {0, 0}, {0, 0}, 0, 1}, same), HasSubstr("stride_h is 0"));
  EXPECT_EQ(ErrorOf(SubsampleLayer{2, 3, 1}, shaped({2, 2, 4})), "");
  EXPECT_THAT(ErrorOf(SubsampleLayer{2, 1, 1}, finer), HasSubstr("is not the scale"));
  EXPECT_THAT(ErrorOf(SubsampleLayer{2, 1, -1}, same), HasSubstr("stride_w is -1"));
  EXPECT_EQ(ErrorOf(PadChannelsLayer{2, 1, 2}, shaped({5, 4, 4})), "");
  EXPECT_THAT(ErrorOf(PadChannelsLayer{2, -1, 1}, same), HasSubstr("before is -1"));
  EXPECT_THAT(ErrorOf(PadChannelsLayer{2, 0, 0}, positive), HasSubstr("is signed"));
  EXPECT_EQ(ErrorOf(FlattenLayer{2}, shaped({32, 1, 1})), "");
  EXPECT_THAT(ErrorOf(FlattenLayer{2}, shaped({16, 2, 1})), HasSubstr("its inputs give 32x1x1"));
  EXPECT_EQ(ErrorOf(ConcatLayer{{2, 2, 2}}, shaped({6, 4, 4})), "");
  EXPECT_THAT(ErrorOf(ConcatLayer{{2}}, same), HasSubstr("reads 1 tensors; must read 2 or more"));
  EXPECT_THAT(ErrorOf(ConcatLayer{{2, 1}}, shaped({4, 4, 4})), HasSubstr("of tensor 'conv'"));
  EXPECT_THAT(ErrorOf(ConcatLayer{{2, 0}}, shaped({3, 4, 4})), HasSubstr("heights and widths must be equal"));
}

TEST_F(CheckTest, ClipsKeepTheScale) {
  const Tensor out{"host", {2, 4, 4}, 0.5, false};
  EXPECT_EQ(ErrorOf(ClipLayer{2, 0, 200}, out), "");
  EXPECT_THAT(ErrorOf(ClipLayer{2, -1, 200}, out), HasSubstr("low is -1; must be 0 to 255"));
  EXPECT_THAT(ErrorOf(ClipLayer{1, 0, 200}, out), HasSubstr("is not the scale"));
}

TEST_F(CheckTest, InputsListResidualsLast) {
  EXPECT_THAT(InputsOf(conv_), ElementsAre(0));
  EXPECT_THAT(InputsOf(block_), ElementsAre(1, 1));
  EXPECT_THAT(InputsOf(HostLayer(AddLayer{4, 2})), ElementsAre(4, 2));
  EXPECT_THAT(InputsOf(QuantizedLayer{"concat", HostLayer(ConcatLayer{{3, 1, 2}})}), ElementsAre(3, 1, 2));
  EXPECT_THAT(InputsOf(QuantizedLayer{"clip", HostLayer(ClipLayer{5})}), ElementsAre(5));
}

}  // namespace
}  // namespace colonnade::quant
