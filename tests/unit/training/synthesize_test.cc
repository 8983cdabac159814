// SPDX-License-Identifier: Apache-2.0
#include "server/training/synthesize.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_network.h"

namespace colonnade::training {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr SynthesisOptions kFew{.images = 8, .batch_size = 4, .steps = 150};

// Sees two pixels of mean 40 and deviation 20 through a BatchNorm.
nn::Network Remembering() {
  nn::Network network{"image", "logits", {}};
  network.layers.push_back({"image", nn::Input{}, {}, {1, 4, 4}});
  const float mean = 40.0f / 255, deviation = 20.0f / 255;
  network.layers.push_back({"norm", nn::BatchNorm{{1}, {0}, {mean}, {deviation * deviation}}, {0}, {}});
  std::vector<float> weights;
  for (int i = 0; i < 32; ++i) weights.push_back(i % 2 == i / 16 ? 0.1f : -0.1f);
  network.layers.push_back({"logits", nn::Linear{2, weights, {0, 0}}, {1}, {}});
  EXPECT_TRUE(nn::InferShapes(network).ok());
  return network;
}

double MeanPixel(const Samples& samples) {
  double sum = 0;
  for (const uint8_t pixel : samples.pixels) sum += pixel;
  return sum / double(samples.pixels.size());
}

TEST(SynthesizeImages, HaveTheStatisticsThatTheNetworkKeeps) {
  int64_t done = 0;
  const auto samples = SynthesizeImages(Remembering(), {0}, {1}, kFew, [&](int64_t n) { done = n; }, {});
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_EQ(done, 8);
  EXPECT_NEAR(MeanPixel(*samples), 40, 8);  // noise has 127.5 less
  EXPECT_THAT(samples->labels, ElementsAre(0, 1, 0, 1, 0, 1, 0, 1));
  EXPECT_EQ(samples->pixels.size(), 8u * 16);
}

TEST(SynthesizeImages, RepeatsAndDependsOnTheSeed) {
  SynthesisOptions options{.images = 2, .batch_size = 2, .steps = 5};
  const auto make = [&] { return SynthesizeImages(Remembering(), {0}, {1}, options, [](int64_t) {}, {})->pixels; };
  const auto first = make();
  EXPECT_EQ(make(), first);
  options.seed = 2;
  EXPECT_NE(make(), first);
}

TEST(SynthesizeImages, RefusesANetworkWithoutStatistics) {
  const auto samples = SynthesizeImages(RandomNetwork(1), {0, 0, 0}, {1, 1, 1}, kFew, [](int64_t) {}, {});
  EXPECT_EQ(samples.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(samples.status().ToString(), HasSubstr("export the model with its BatchNorm nodes"));
}

TEST(SynthesizeImages, Stops) {
  std::stop_source stop;
  stop.request_stop();
  const auto samples = SynthesizeImages(Remembering(), {0}, {1}, kFew, [](int64_t) {}, stop.get_token());
  EXPECT_EQ(samples.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace colonnade::training
