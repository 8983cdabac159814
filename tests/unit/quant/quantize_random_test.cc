// SPDX-License-Identifier: Apache-2.0
// Quantized random networks compute nearly what the float networks do.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "server/nn/transforms.h"
#include "tests/support/random_network.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::quant {
namespace {

// Root mean square of a - b, and of a.
struct Deviation {
  double error = 0, signal = 0;

  void Add(std::span<const float> expected, std::span<const float> actual) {
    for (size_t i = 0; i < expected.size(); ++i) {
      error += std::pow(double{expected[i]} - actual[i], 2);
      signal += std::pow(double{expected[i]}, 2);
    }
  }
  double relative() const { return std::sqrt(error / signal); }
};

TEST(QuantizeRandom, LogitsStayClose) {
  constexpr uint64_t kSeeds = 150;
  double sum = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomNetworkOptions options;
    options.batch_norms = seed % 2 == 1;
    options.softmax = seed % 3 == 0;
    auto folded = nn::FoldBatchNorms(RandomNetwork(seed, options));
    ASSERT_TRUE(folded.ok()) << folded.status();
    std::vector<Image> images;
    for (uint64_t i = 0; i < 8; ++i) images.push_back(RandomImage(folded->input_shape(), seed * 100 + i));
    const auto quantized = Quantize(*folded, Calibrate(*folded, images));
    ASSERT_TRUE(quantized.ok()) << quantized.status();
    EXPECT_EQ(quantized->softmax, options.softmax);
    const nn::Network logits = nn::TrimSoftmax(*folded);
    Deviation deviation;
    for (const Image& image : images) deviation.Add(RunFloat(logits, image), RunReal(*quantized, image));
    EXPECT_LT(deviation.relative(), 0.15);
    sum += deviation.relative();
  }
  EXPECT_LT(sum / kSeeds, 0.02);
  RecordProperty("mean_relative_error", std::to_string(sum / kSeeds));
}

}  // namespace
}  // namespace colonnade::quant
