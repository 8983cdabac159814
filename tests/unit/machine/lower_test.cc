// SPDX-License-Identifier: Apache-2.0
// What single programs become, and what is refused.
#include "server/machine/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/machine/transfer.h"
#include "tests/unit/machine/model_run.h"

namespace colonnade::machine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A network that grows layer by layer; every tensor has scale 1.
class Network {
 public:
  explicit Network(const nn::Shape& input, bool is_signed = false) {
    network_.input_name = "image";
    network_.output_name = "out";
    network_.tensors.push_back({"image", input, 1.0, is_signed});
  }

  template <typename Layer>
  Network& Host(Layer layer, const nn::Shape& shape) {
    return Append(quant::HostLayer(std::move(layer)), shape);
  }

  // Every weight is 1.
  Network& Matrix(const nn::Window& window, const nn::Shape& shape, bool is_logits = false) {
    quant::MatrixLayer layer;
    layer.input = last();
    layer.window = window;
    const int channels = network_.tensors.back().shape.channels;
    layer.weights = {shape.channels, channels * window.kernel_h * window.kernel_w, {}, {}};
    for (int column = 0; column < layer.weights.columns; ++column) {
      const int tap = column % (window.kernel_h * window.kernel_w);
      layer.weights.column_sites.push_back(
          {column / (window.kernel_h * window.kernel_w), tap / window.kernel_w, tap % window.kernel_w});
    }
    layer.weights.values.assign(size_t(layer.weights.rows) * layer.weights.columns, 1);
    layer.bias.assign(shape.channels, 0);
    layer.shift.assign(shape.channels, 2);
    layer.low = network_.tensors.back().lowest();
    layer.high = network_.tensors.back().highest();
    layer.is_logits = is_logits;
    layer.source = Name();
    return Append(std::move(layer), shape);
  }

  int last() const { return int(network_.tensors.size()) - 1; }

  std::shared_ptr<const array::ArrayProgram> Compile(const array::ArrayConfig& config = {}) const {
    return CompileRandom({network_, {}, config});
  }

  absl::Status Refusal(const array::ArrayConfig& config = {}, const DeviceLimits& limits = AmpleLimits()) const {
    return Lower(*Compile(config), limits).status();
  }

 private:
  std::string Name() const { return "layer" + std::to_string(last()); }

  template <typename Layer>
  Network& Append(Layer layer, const nn::Shape& shape) {
    network_.layers.push_back({Name(), std::move(layer)});
    const quant::Tensor& before = network_.tensors.back();
    network_.tensors.push_back({network_.layers.back().name, shape, before.scale, before.is_signed});
    return *this;
  }

  quant::QuantizedNetwork network_;
};

// Field, step, what there is and what is allowed.
void ExpectRefused(const absl::Status& status, std::string_view field, std::string_view step, std::string_view text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_THAT(Message(status), AllOf(HasSubstr(std::string(step)), HasSubstr(std::string(text))));
}

void ExpectRuns(const Network& network, const array::ArrayConfig& config = {}) {
  const auto program = network.Compile(config);
  const auto lowered = Lower(*program, AmpleLimits());
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  MachineModel model = Loaded(*lowered);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    EXPECT_EQ(FirstDifference(program, *lowered, model, RandomBytes(program->tensors[0].shape.size(), seed)), "");
  }
}

nn::Window Kernel(int height, int width, int pad = 0) {
  nn::Window window{height, width};
  window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = pad;
  return window;
}

TEST(Lower, RefusesFeedRulesWithoutHardware) {
  array::ArrayConfig config;
  config.feed_rule = nn::FeedRule::kSameRow;
  ExpectRefused(Network({1, 1, 1}).Matrix({}, {1, 1, 1}).Refusal(config), "feed_rule", "", "same_row; same_tap or");
}

TEST(Lower, RefusesRowsThatWouldMeetInABank) {
  array::ArrayConfig config;
  config.rows = 12;
  ExpectRefused(Network({1, 1, 1}).Matrix({}, {1, 1, 1}).Refusal(config), "array.rows", "", "12; 1 to 8 or");
}

TEST(Lower, RefusesBlocksThatDoNotFillAWord) {
  array::ArrayConfig config;
  config.feed_rule = nn::FeedRule::kChannelBlock;
  config.alpha = 3;
  ExpectRefused(Network({1, 1, 1}).Matrix({}, {1, 1, 1}).Refusal(config), "array.alpha", "", "3; under channel_block");
}

TEST(Lower, RefusesWhatIsNoDevice) {
  DeviceLimits limits = AmpleLimits();
  limits.channels = 12;
  ExpectRefused(Network({1, 1, 1}).Matrix({}, {1, 1, 1}).Refusal({}, limits), "device.channels", "", "12");
}

TEST(Lower, TakesAsManyChannelsAsAWordHolds) {
  ExpectRuns(Network({2, 1, 1}).Matrix({}, {128, 1, 1}));
  ExpectRefused(Network({2, 1, 1}).Matrix({}, {129, 1, 1}).Refusal(), "channels", "step 'layer0'", "129; at most 128");
}

TEST(Lower, LogitsAreNoChannels) { ExpectRuns(Network({2, 1, 1}).Matrix({}, {300, 1, 1}, true)); }

TEST(Lower, RefusesLogitsOfSeveralPixels) {
  ExpectRefused(Network({2, 1, 2}).Matrix({}, {3, 1, 2}, true).Refusal(), "logits", "step 'layer0'", "2 pixels; of 1");
}

TEST(Lower, TakesStridesUpTo255) {
  const auto with_stride = [](int stride) {
    Network network({1, 1, 600});
    nn::Window window;
    window.stride_w = stride;
    return network.Matrix(window, {1, 1, 599 / stride + 1});
  };
  ExpectRuns(with_stride(255));
  ExpectRefused(with_stride(256).Refusal(), "stride", "step 'layer0'", "256; at most 255");
}

TEST(Lower, TakesPadsUpTo255) {
  const auto with_pad = [](int pad) {
    nn::Window window;
    window.pad_left = pad;
    return Network({1, 1, 4}).Matrix(window, {1, 1, 4 + pad});
  };
  ExpectRuns(with_pad(255));
  ExpectRefused(with_pad(256).Refusal(), "pad", "step 'layer0'", "256; at most 255");
}

TEST(Lower, TakesTapsUpTo255) {
  ExpectRuns(Network({1, 1, 260}).Matrix(Kernel(1, 256), {1, 1, 5}));
  ExpectRefused(Network({1, 1, 260}).Matrix(Kernel(1, 257), {1, 1, 4}).Refusal(), "tap", "step 'layer0'",
                "256; at most 255");
}

TEST(Lower, ImagesAreUpTo65535Wide) {
  nn::Window window;
  window.stride_w = 255;
  ExpectRuns(Network({1, 1, 65535}).Matrix(window, {1, 1, 257}));
  ExpectRefused(Network({1, 1, 65536}).Matrix(window, {1, 1, 258}).Refusal(), "width", "step 'image'",
                "65536; at most 65535");
  ExpectRefused(Network({1, 65536, 1}).Matrix({1, 1, 255}, {1, 258, 1}).Refusal(), "height", "step 'image'", "65536");
}

TEST(Lower, MovesChannelsByMultiplesOf8) {
  ExpectRuns(Network({3, 2, 2}, true).Host(quant::PadChannelsLayer{0, 8, 5}, {16, 2, 2}));
  ExpectRefused(Network({3, 2, 2}).Host(quant::PadChannelsLayer{0, 4, 1}, {8, 2, 2}).Refusal(), "offset",
                "step 'layer0'", "by 4; a multiple of 8");
}

TEST(Lower, ConcatenatesWhatEndsWithABank) {
  ExpectRuns(
      Network({8, 2, 2}).Host(quant::ConcatLayer{{0, 0}}, {16, 2, 2}).Host(quant::ConcatLayer{{1, 0}}, {24, 2, 2}));
  ExpectRefused(Network({3, 2, 2}).Host(quant::ConcatLayer{{0, 0}}, {6, 2, 2}).Refusal(), "offset", "step 'layer0'",
                "by 3");
}

TEST(Lower, AveragesUpTo256Pixels) {
  ExpectRuns(Network({3, 16, 16}, true).Host(quant::AveragePoolLayer{0, Kernel(16, 16)}, {3, 1, 1}));
  ExpectRefused(Network({3, 1, 257}).Host(quant::AveragePoolLayer{0, Kernel(1, 257)}, {3, 1, 1}).Refusal(), "count",
                "step 'layer0'", "257; at most 256");
}

TEST(Lower, CountsPaddingOrHasNone) {
  ExpectRuns(Network({3, 4, 4}, true).Host(quant::AveragePoolLayer{0, Kernel(3, 3, 1), true}, {3, 4, 4}));
  ExpectRuns(Network({3, 4, 4}, true).Host(quant::AveragePoolLayer{0, Kernel(3, 3), false}, {3, 2, 2}));
  ExpectRefused(Network({3, 4, 4}).Host(quant::AveragePoolLayer{0, Kernel(3, 3, 1), false}, {3, 4, 4}).Refusal(),
                "count", "step 'layer0'", "fewer than 9");
}

TEST(Lower, AFlatteningOfOnePixelIsAnotherName) {
  ExpectRuns(Network({5, 1, 1}).Host(quant::FlattenLayer{0}, {5, 1, 1}).Host(quant::ClipLayer{1, 0, 9}, {5, 1, 1}));
}

TEST(Lower, AFlattenedImageIsAWindow) {
  Network network({5, 2, 3}, true);
  network.Host(quant::FlattenLayer{0}, {30, 1, 1}).Host(quant::FlattenLayer{1}, {30, 1, 1}).Matrix({}, {4, 1, 1}, true);
  ExpectRuns(network);
  const auto lowered = Lower(*network.Compile(), AmpleLimits());
  EXPECT_THAT(lowered->sources, ElementsAre(2));
}

TEST(Lower, AFlattenedImageMayBeTheResult) {
  ExpectRuns(Network({5, 2, 3}, true).Matrix({}, {4, 2, 3}).Host(quant::FlattenLayer{1}, {24, 1, 1}));
}

TEST(Lower, RefusesOtherReadersOfAFlattenedImage) {
  Network network({2, 2, 3});
  network.Host(quant::FlattenLayer{0}, {12, 1, 1}).Host(quant::ClipLayer{1, 0, 9}, {12, 1, 1});
  ExpectRefused(network.Refusal(), "flatten", "step 'layer1'", "6 pixels; at most 1");
}

TEST(Lower, RefusesGroupsOverSeveralPixelsOfAFlattenedImage) {
  RandomPacked packed;
  const auto dense = Network({1, 1, 2}).Host(quant::FlattenLayer{0}, {2, 1, 1}).Matrix({}, {2, 1, 1}, true).Compile();
  array::ArrayProgram program = *dense;
  auto& matrix = std::get<array::MatrixStep>(program.steps[1].operation).matrix;
  matrix.groups = 1;
  matrix.weights = {1, 1};
  matrix.lanes = {0, 1};
  matrix.group_columns = {{0, 1}};
  ExpectRefused(Lower(program, AmpleLimits()).status(), "group", "step 'layer1'", "taps (0, 0) and (0, 1)");
}

TEST(Lower, RefusesAProgramWithoutSteps) {
  ExpectRefused(Network({2, 2, 3}).Host(quant::FlattenLayer{0}, {12, 1, 1}).Refusal(), "steps", "", "0; at least 1");
}

TEST(Lower, PaddingTakesASubsamplingIn) {
  Network network({3, 4, 4}, true);
  network.Host(quant::SubsampleLayer{0, 2, 2}, {3, 2, 2}).Host(quant::PadChannelsLayer{1, 8, 8}, {19, 2, 2});
  ExpectRuns(network);
  const auto lowered = Lower(*network.Compile(), AmpleLimits());
  EXPECT_THAT(lowered->sources, ElementsAre(1));
  EXPECT_FALSE(lowered->tensors[1].has_value());
}

TEST(Lower, ASubsamplingThatOthersReadStays) {
  Network network({8, 4, 4});
  network.Host(quant::SubsampleLayer{0, 2, 2}, {8, 2, 2}).Host(quant::PadChannelsLayer{1, 8, 0}, {16, 2, 2});
  network.Host(quant::ConcatLayer{{2, 1}}, {24, 2, 2});
  ExpectRuns(network);
}

TEST(Lower, ShiftsReadOneTapPerOffset) {
  Network network({4, 3, 3}, true);
  network.Host(quant::ShiftLayer{0, {0, -1, 0, 2}, {0, 1, 0, -2}}, {4, 3, 3});
  ExpectRuns(network);
  EXPECT_EQ(Lower(*network.Compile(), AmpleLimits())->needs.tap_words, 3);
}

TEST(Lower, BlocksOf16LanesBeginAtTheirMultiples) {
  array::ArrayConfig config;
  config.feed_rule = nn::FeedRule::kChannelBlock;
  config.alpha = 16;
  Network network({7, 2, 2});
  network.Matrix({}, {9, 2, 2}).Matrix({}, {9, 2, 2}).Host(quant::AddLayer{1, 2}, {9, 2, 2}).Matrix({}, {4, 2, 2});
  ExpectRuns(network, config);
  const auto lowered = Lower(*network.Compile(config), AmpleLimits());
  for (const auto& place : lowered->tensors) EXPECT_EQ(place->lane % 16, 0);
}

}  // namespace
}  // namespace colonnade::machine
