// SPDX-License-Identifier: Apache-2.0
// The networks under COLONNADE_DATA on the machine's model: every tensor of every image is the
// reference executor's.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "server/quant/io.h"
#include "server/training/samples.h"
#include "tests/support/packed_network.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"
#include "tests/unit/machine/model_run.h"

namespace colonnade::machine {
namespace {

constexpr int kImages = 20;

class Networks : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

std::vector<std::vector<uint8_t>> Images(const std::filesystem::path& data, const std::string& name,
                                         const quant::Tensor& input) {
  const std::vector<float> values = training::Normalized(ReadTestImages(data, name, kImages), 0, kImages);
  std::vector<std::vector<uint8_t>> images(kImages);
  for (size_t i = 0; i < values.size(); ++i) {
    images[i / input.shape.size()].push_back(quant::QuantizeInputValue(input, values[i]));
  }
  return images;
}

TEST_P(Networks, RunOnADeviceOfTheDefaultSize) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const auto& [name, array] = GetParam();
  const array::ArrayConfig config = Require(array::ParseArrayConfig(array));
  const auto program = CompileDesign(*data, name, Design::kPacked, config.alpha, config);
  const auto lowered = Lower(*program, DefaultLimits(config));
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  MachineModel model = Loaded(*lowered);
  for (const std::vector<uint8_t>& image : Images(*data, name, program->tensors[0])) {
    ASSERT_EQ(FirstDifference(program, *lowered, model, image), "");
  }
  RecordProperty("positions", lowered->needs.positions);
  RecordProperty("weights", lowered->needs.weight_words);
  RecordProperty("columns", lowered->needs.column_words);
  RecordProperty("tiles", lowered->needs.tile_words);
}

INSTANTIATE_TEST_SUITE_P(All, Networks,
                         testing::Combine(testing::Values("lenet5_shift_mnist", "resnet20_cifar10"),
                                          testing::Values("16x18a8", "8x8a8", "32x32a8")),
                         [](const auto& info) { return std::get<0>(info.param) + "_" + std::get<1>(info.param); });

}  // namespace
}  // namespace colonnade::machine
