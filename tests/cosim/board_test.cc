// SPDX-License-Identifier: Apache-2.0
// Whole networks on the Verilated machine, through the production driver: the executors rtl (a
// private board) and fpga (a running board behind the files of UIO) give the logits of the
// kernels, and count the cycles that were predicted, or they fail.
#include <gtest/gtest.h>

#include "server/quant/io.h"
#include "server/training/samples.h"
#include "tests/cosim/boards.h"
#include "tests/support/packed_network.h"
#include "tests/support/shared_data.h"

namespace colonnade::executors {
namespace {

constexpr int kImages = 20;

std::vector<std::vector<uint8_t>> Images(const std::filesystem::path& data, const std::string& name,
                                         const quant::Tensor& input) {
  const std::vector<float> values = training::Normalized(ReadTestImages(data, name, kImages), 0, kImages);
  std::vector<std::vector<uint8_t>> images(kImages);
  for (size_t i = 0; i < values.size(); ++i) {
    images[i / size_t(input.shape.size())].push_back(quant::QuantizeInputValue(input, values[i]));
  }
  return images;
}

class SharedNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(SharedNetworks, AreTheKernelsOnTheVerilatedBoard) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const array::ArrayConfig config;
  const auto program = CompileDesign(*data, GetParam(), Design::kPacked, config.alpha, config);
  const Boards boards(array::Name(config));
  EXPECT_EQ(FirstDifference(program, boards.devices(), Images(*data, GetParam(), program->tensors[0])), "");
}

INSTANTIATE_TEST_SUITE_P(All, SharedNetworks, ::testing::Values("lenet5_shift_mnist", "resnet20_cifar10"));

}  // namespace
}  // namespace colonnade::executors
