// SPDX-License-Identifier: Apache-2.0
// The networks under COLONNADE_DATA on the Verilated core of the default array: every tensor of the
// first image, the logits and the counters of all.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "server/machine/lower.h"
#include "server/quant/io.h"
#include "server/training/samples.h"
#include "tests/cosim/core_cosim.h"
#include "tests/support/packed_network.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

namespace colonnade::rtl {
namespace {

constexpr int kFewImages = 2;

int ImagesPerNetwork() {
  const char* images = std::getenv("COLONNADE_COSIM_IMAGES");
  return images == nullptr ? kFewImages : std::atoi(images);
}

class CoreNetworks : public testing::TestWithParam<std::string> {};

TEST_P(CoreNetworks, RunAsOnTheReferenceAndAsPredicted) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const MachineShape shape = MachineShapes().front();
  const auto program = CompileDesign(*data, GetParam(), Design::kPacked, shape.config.alpha, shape.config);
  const auto lowered = machine::Lower(*program, LimitsOf(shape));
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  CoreCosim cosim(shape);
  cosim.Load(program, *lowered);
  const quant::Tensor& input = program->tensors[0];
  const training::Samples samples = ReadTestImages(*data, GetParam(), ImagesPerNetwork());
  for (int image = 0; image < ImagesPerNetwork(); ++image) {
    std::vector<uint8_t> bytes;
    for (const float value : training::Normalized(samples, image, 1)) {
      bytes.push_back(quant::QuantizeInputValue(input, value));
    }
    const auto divergence = cosim.FirstDivergence(bytes, /*every_tensor=*/image == 0);
    ASSERT_FALSE(divergence.has_value()) << "image " << image << ": " << ToString(*divergence);
    ASSERT_EQ(cosim.WrongCounter(bytes, 0), "") << "image " << image;
  }
  RecordProperty("cycles", std::to_string(lowered->cycles.total()));
  RecordProperty("array_cycles", std::to_string(lowered->cycles.array.total()));
  RecordProperty("vector_cycles", std::to_string(lowered->cycles.vector));
}

INSTANTIATE_TEST_SUITE_P(All, CoreNetworks, testing::Values("lenet5_shift_mnist", "resnet20_cifar10"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace colonnade::rtl
