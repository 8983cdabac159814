// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/export.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/transforms.h"
#include "server/onnx/import.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"

namespace colonnade::onnx {
namespace {

TEST(ExportOnnx, RandomNetworksComeBackTheSame) {
  for (int seed = 0; seed < 150; ++seed) {
    const nn::Network network = RandomNetwork(seed, {.batch_norms = seed % 2 == 1, .softmax = seed % 3 == 0});
    const auto imported = ImportOnnx(ExportOnnx(network));
    ASSERT_TRUE(imported.ok()) << "seed " << seed << ": " << imported.status();
    EXPECT_EQ(imported->network.input_name, network.input_name);
    EXPECT_EQ(imported->network.output_name, network.output_name);
    EXPECT_EQ(imported->network.input_shape(), network.input_shape());
    EXPECT_EQ(imported->network.output_shape(), network.output_shape());
    EXPECT_EQ(imported->network.DenseMacs(), network.DenseMacs());
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    EXPECT_EQ(RunFloat(imported->network, image), RunFloat(network, image)) << "seed " << seed;
  }
}

TEST(ExportOnnx, KeepsShiftsAndBatchNorms) {
  for (int seed = 0; seed < 50; ++seed) {
    const nn::Network network = RandomNetwork(seed, {.batch_norms = true});
    const auto imported = ImportOnnx(ExportOnnx(network));
    ASSERT_TRUE(imported.ok());
    const auto count = [](const nn::Network& n, auto op) {
      return std::count_if(n.layers.begin(), n.layers.end(),
                           [](const nn::Layer& l) { return l.as<decltype(op)>(); });
    };
    EXPECT_EQ(count(imported->network, nn::Shift{}), count(network, nn::Shift{}));
    EXPECT_EQ(count(imported->network, nn::BatchNorm{}), count(network, nn::BatchNorm{}));
    EXPECT_EQ(count(imported->network, nn::PadChannels{}),
              count(network, nn::PadChannels{}) -
                  std::count_if(network.layers.begin(), network.layers.end(), [](const nn::Layer& l) {
                    const auto* pad = l.as<nn::PadChannels>();
                    return pad && pad->before == 0 && pad->after == 0;
                  }));
  }
}

TEST(ExportOnnx, ShiftsFartherThanTheImageLeaveZeros) {
  nn::Network network{"image", "out", {{"image", nn::Input{}, {}, {2, 3, 3}}}};
  network.layers.push_back({"shift", nn::Shift{{1000, -1}, {0, 1}}, {0}, {}});
  network.layers.push_back({"fc", nn::Linear{2, std::vector<float>(36, 1.0f), {0, 0}}, {1}, {}});
  ASSERT_TRUE(nn::InferShapes(network).ok());
  const auto imported = ImportOnnx(ExportOnnx(network));
  ASSERT_TRUE(imported.ok()) << imported.status();
  const std::vector<float> image = RandomImage(network.input_shape(), 1);
  EXPECT_EQ(RunFloat(imported->network, image), RunFloat(network, image));
}

TEST(ExportOnnx, KeepsTensorNamesApart) {
  nn::Network network{"a.output", "a.weight", {{"a.output", nn::Input{}, {}, {1, 1, 1}}}};
  network.layers.push_back({"a", nn::Linear{1, {2}, {0}}, {0}, {}});
  network.layers.push_back({"a.weight", nn::Linear{1, {3}, {0}}, {1}, {}});
  ASSERT_TRUE(nn::InferShapes(network).ok());
  const auto imported = ImportOnnx(ExportOnnx(network));
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_THAT(RunFloat(imported->network, std::vector<float>{5}), testing::ElementsAre(30));
}

}  // namespace
}  // namespace colonnade::onnx
