// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/executors/array_executor.h"
#include "server/executors/infer_batch.h"
#include "server/executors/lockstep.h"
#include "tests/support/random_packed.h"

namespace colonnade::executors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Program = std::shared_ptr<const array::ArrayProgram>;

Program CompileDense(const quant::QuantizedNetwork& network) {
  auto program = compiler::CompileDense(network, {});
  EXPECT_TRUE(program.ok()) << program.status();
  return std::make_shared<const array::ArrayProgram>(*std::move(program));
}

// A 1x2 convolution of one channel, padded on the left, on a 1x3 signed image; its
// output is added to the image's at half the scale.
quant::QuantizedNetwork HandMade() {
  quant::MatrixLayer layer;
  layer.window = {1, 2, 1, 1, 0, 1};
  layer.weights = {1, 2, {3, -2}, {{0, 0, 0}, {0, 0, 1}}};
  layer.bias = {5};
  layer.shift = {1};
  layer.residual = quant::Residual{0, 1};
  layer.low = -128;
  layer.high = 127;
  layer.source = "conv";
  quant::QuantizedNetwork network{"image", "out", {}, {}};
  network.tensors = {{"image", {1, 1, 3}, 1.0, true}, {"conv", {1, 1, 3}, 0.5, true}};
  network.layers = {{"conv", layer}};
  return network;
}

class EachExecutor : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<ArrayExecutor> Make(Program program) {
    auto executor = MakeExecutor(GetParam(), std::move(program));
    EXPECT_TRUE(executor.ok()) << executor.status();
    return *std::move(executor);
  }
};

INSTANTIATE_TEST_SUITE_P(Names, EachExecutor, testing::Values("kernels", "reference"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EachExecutor, ComputesByHand) {
  const auto executor = Make(CompileDense(HandMade()));
  Workspace workspace;
  const std::vector<uint8_t> image = {128 + 10, 128 - 7, 128 + 100};  // q = 10, -7, 100
  const auto result = executor->Run(image, workspace);
  ASSERT_TRUE(result.ok()) << result.status();
  // acc = 5 + 3 * left - 2 * here + 4 * here: 25, 21, 184; halves round up; saturates at 127.
  EXPECT_THAT(*result, ElementsAre(13, 11, 92));
  EXPECT_THAT(executor->BytesOf(1, workspace), ElementsAre(128 + 13, 128 + 11, 128 + 92));
}

TEST_P(EachExecutor, SaturatesOnce) {
  const auto executor = Make(CompileDense(HandMade()));
  Workspace workspace;
  const std::vector<uint8_t> image = {255, 255, 0};  // q = 127, 127, -128
  // acc = 259, 640, 130
  EXPECT_THAT(*executor->Run(image, workspace), ElementsAre(127, 127, 65));
}

TEST_P(EachExecutor, RoundsSumsNearTheEndOf32Bits) {
  quant::QuantizedNetwork network = HandMade();
  auto& layer = std::get<quant::MatrixLayer>(network.layers[0].operation);
  layer.weights.values = {1, 0};
  layer.residual.reset();
  layer.bias = {2'147'483'000};  // another 2^22, half of the last place, would not fit
  layer.shift = {23};
  const auto executor = Make(CompileDense(network));
  Workspace workspace;
  EXPECT_THAT(*executor->Run(std::vector<uint8_t>{0, 128, 255}, workspace), ElementsAre(127, 127, 127));
}

TEST_P(EachExecutor, RefusesAnImageOfAnotherSize) {
  const auto executor = Make(CompileDense(HandMade()));
  Workspace workspace;
  const auto result = executor->Run(std::vector<uint8_t>(4), workspace);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(result.status())), HasSubstr("has 4 values; the network reads 3 (1x1x3)"));
}

TEST_P(EachExecutor, TellsItsName) { EXPECT_EQ(Make(CompileDense(HandMade()))->name(), GetParam()); }

TEST(MakeExecutor, ListsTheKnownNames) {
  EXPECT_THAT(std::vector(ExecutorNames().begin(), ExecutorNames().end()),
              ElementsAre("kernels", "reference"));
  const auto unknown = MakeExecutor("gpu", nullptr);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(unknown.status())), HasSubstr("available: kernels, reference"));
}

TEST(MakeExecutor, ADeviceMustBeThere) {
  for (const std::string_view name : {"rtl", "fpga"}) {
    const auto executor = MakeExecutor(name, nullptr);
    EXPECT_EQ(executor.status().code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(Message(executor.status())), HasSubstr("available: kernels, reference"));
  }
}

TEST(InferBatch, IsTheSameOnAnyNumberOfThreads) {
  const RandomPacked random = RandomPackedNetwork(3);
  const Program program = CompileDense(random.network);
  const auto executor = *MakeExecutor("kernels", program);
  const int64_t size = program->tensors[0].shape.size();
  const auto images = RandomBytes(size * 23, 2);
  std::vector<int32_t> expected;
  Workspace workspace;
  for (int i = 0; i < 23; ++i) {
    const auto result = *executor->Run(std::span(images).subspan(i * size, size), workspace);
    expected.insert(expected.end(), result.begin(), result.end());
  }
  for (const int threads : {0, 1, 2, 7, 100}) EXPECT_EQ(*InferBatch(*executor, images, threads), expected);
}

TEST(InferBatch, NoImagesGiveNoResults) {
  const auto executor = *MakeExecutor("kernels", CompileDense(HandMade()));
  EXPECT_THAT(*InferBatch(*executor, {}, 2), ElementsAre());
}

TEST(InferBatch, RefusesAPartOfAnImage) {
  const auto executor = *MakeExecutor("kernels", CompileDense(HandMade()));
  const auto result = InferBatch(*executor, std::vector<uint8_t>(7), 2);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
}

// Two programs that differ in one weight stand for two executors of which one is wrong.
TEST(FirstDivergence, NamesThePlaceAndBothValues) {
  quant::QuantizedNetwork wrong = HandMade();
  std::get<quant::MatrixLayer>(wrong.layers[0].operation).weights.values[0] = 4;
  const auto expected = *MakeExecutor("reference", CompileDense(HandMade()));
  const auto actual = *MakeExecutor("kernels", CompileDense(wrong));
  const std::vector<uint8_t> image = {128, 128 + 10, 128 + 5};
  const auto divergence = FirstDivergence(*expected, *actual, image);
  ASSERT_TRUE(divergence.ok()) << divergence.status();
  ASSERT_TRUE(divergence->has_value());
  // acc = 5 + 30 + 10 against 5 + 40 + 10 at the last pixel.
  EXPECT_EQ(**divergence, (Divergence{0, "conv", 0, 0, 2, 128 + 23, 128 + 28}));
  EXPECT_EQ(ToString(**divergence), "step 0 'conv', channel 0, pixel (0, 2): 156, expected 151");
}

TEST(FirstDivergence, ComparesLogitsToo) {
  quant::QuantizedNetwork network = HandMade();
  auto& layer = std::get<quant::MatrixLayer>(network.layers[0].operation);
  layer.residual.reset();
  layer.is_logits = true;
  quant::QuantizedNetwork wrong = network;
  std::get<quant::MatrixLayer>(wrong.layers[0].operation).bias[0] = 6;
  const auto expected = *MakeExecutor("reference", CompileDense(network));
  const auto actual = *MakeExecutor("kernels", CompileDense(wrong));
  const auto divergence = FirstDivergence(*expected, *actual, std::vector<uint8_t>{128, 128, 128});
  ASSERT_TRUE(divergence.ok() && divergence->has_value());
  EXPECT_EQ(**divergence, (Divergence{0, "conv", 0, 0, 0, 5, 6}));
}

TEST(FirstDivergence, FindsNoneInOneProgram) {
  const auto divergence = FirstDivergence(CompileDense(HandMade()), std::vector<uint8_t>{1, 2, 3});
  ASSERT_TRUE(divergence.ok()) << divergence.status();
  EXPECT_FALSE(divergence->has_value());
}

}  // namespace
}  // namespace colonnade::executors
