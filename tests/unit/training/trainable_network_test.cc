// SPDX-License-Identifier: Apache-2.0
#include "server/training/trainable_network.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"
#include "tests/support/shared_data.h"

namespace colonnade::training {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int kNetworks = 60;

nn::Network AnyNetwork(uint64_t seed) {
  return RandomNetwork(seed, {.blocks = 6, .batch_norms = seed % 2 == 0, .softmax = seed % 5 == 0});
}

TEST(TrainableNetwork, ComputesWhatTheNetworkMeans) {
  for (uint64_t seed = 1; seed <= kNetworks; ++seed) {
    const nn::Network network = AnyNetwork(seed);
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    const auto outputs = TrainableNetwork(network).Forward(image);
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_LT(Difference(*outputs, RunFloat(network, image)), kTolerance) << "network " << seed;
  }
}

TEST(TrainableNetwork, ShowsEveryLayer) {
  for (uint64_t seed = 1; seed <= kNetworks; ++seed) {
    const nn::Network network = AnyNetwork(seed);
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    const auto expected = RunFloatLayers(network, image);
    std::vector<std::vector<float>> seen;
    const auto status = TrainableNetwork(network).ForwardObserved(image, [&](int layer, std::span<const float> values) {
      EXPECT_EQ(layer, int(seen.size()));
      seen.emplace_back(values.begin(), values.end());
    });
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(seen.size(), expected.size());
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_LT(Difference(seen[i], expected[i]), kTolerance) << "network " << seed << " " << network.layers[i].name;
    }
  }
}

TEST(TrainableNetwork, ManyImagesGiveWhatEachGives) {
  const nn::Network network = AnyNetwork(3);
  constexpr int kImages = 301;  // more than one portion
  const std::vector<float> images = RandomImages(network.input_shape(), kImages);
  std::vector<float> expected;
  for (int i = 0; i < kImages; ++i) {
    const std::vector<float> output = RunFloat(network, RandomImage(network.input_shape(), uint64_t(i)));
    expected.insert(expected.end(), output.begin(), output.end());
  }
  const auto outputs = TrainableNetwork(network).Forward(images);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_LT(Difference(*outputs, expected), kTolerance);
}

TEST(TrainableNetwork, RefusesAPartOfAnImage) {
  const nn::Network network = AnyNetwork(1);
  std::vector<float> image = RandomImage(network.input_shape(), 1);
  image.pop_back();
  EXPECT_EQ(TrainableNetwork(network).Forward(image).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TrainableNetwork, ExportsWhatItWasGiven) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const nn::Network network = AnyNetwork(seed);
    const nn::Network exported = TrainableNetwork(network).Export();
    const std::vector<float> image = RandomImage(network.input_shape(), seed);
    EXPECT_EQ(RunFloat(exported, image), RunFloat(network, image)) << "network " << seed;
  }
}

TEST(MeasureAccuracy, CountsLabelledImagesOnly) {
  const nn::Network network = AnyNetwork(1);
  const nn::Shape shape = network.input_shape();
  Samples samples{shape, std::vector<uint8_t>(size_t(4 * shape.size()), 7), {}, {}, {}};
  samples.mean.assign(size_t(shape.channels), 0.5);
  samples.deviation.assign(size_t(shape.channels), 0.25);
  samples.labels.assign(4, kUnlabelled);
  const int answer = Argmax(RunFloat(network, Normalized(samples, 0, 1)));
  samples.labels = {answer, kUnlabelled, answer + 1, answer};
  const auto accuracy = MeasureAccuracy(TrainableNetwork(network), samples);
  ASSERT_TRUE(accuracy.ok()) << accuracy.status();
  EXPECT_EQ(accuracy->correct, 2);
  EXPECT_EQ(accuracy->images, 3);
}

TEST(MeasureAccuracy, Stops) {
  const nn::Network network = AnyNetwork(1);
  const nn::Shape shape = network.input_shape();
  const Samples samples{shape,
                        std::vector<uint8_t>(size_t(shape.size())),
                        {0},
                        std::vector<double>(size_t(shape.channels)),
                        std::vector<double>(size_t(shape.channels), 1)};
  std::stop_source stop;
  stop.request_stop();
  const auto accuracy = MeasureAccuracy(TrainableNetwork(network), samples, stop.get_token());
  EXPECT_EQ(accuracy.status().code(), absl::StatusCode::kCancelled);
}

class SharedNetwork : public testing::TestWithParam<const char*> {};

TEST_P(SharedNetwork, LogitsEqualTheRuntimes) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const std::vector<float> expected = ReadNpy(*data / "models" / (std::string(GetParam()) + ".logits.npy"));
  const Samples samples = ReadTestImages(*data, GetParam(), 64);
  const auto logits = TrainableNetwork(ReadNetwork(*data, GetParam())).Forward(Normalized(samples, 0, 64));
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_LT(Difference(*logits, expected), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Models, SharedNetwork,
                         testing::Values("lenet5_mnist", "lenet5_shift_mnist", "resnet20_cifar10",
                                         "resnet20_cifar10_bn", "shiftnet_cifar10"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace colonnade::training
