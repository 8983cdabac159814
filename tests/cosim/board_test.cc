// SPDX-License-Identifier: Apache-2.0
// Whole networks on the Verilated machine, through the production driver: the executors rtl (a
// private board) and fpga (a running board behind the files of UIO) give the logits of the
// kernels, and count the cycles that were predicted, or they fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/executors/array_executor.h"
#include "server/executors/device_executor.h"
#include "server/onnx/import.h"
#include "server/quant/io.h"
#include "server/training/samples.h"
#include "tests/support/board_process.h"
#include "tests/support/packed_network.h"
#include "tests/support/random_packed.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

namespace colonnade::executors {
namespace {

constexpr int kImages = 20;

// Both executors of devices, on boards of this array.
class Boards {
 public:
  explicit Boards(const std::string& array) : folder_(COLONNADE_BOARD, {"--array", array}) {
    devices_.rtl = std::make_shared<SharedDevice>("rtl", BoardOpener(COLONNADE_BOARD), metrics_);
    devices_.fpga =
        std::make_shared<SharedDevice>("fpga", UioOpener(device::BoardFolder(folder_.folder())), metrics_);
  }
  const Devices& devices() const { return devices_; }

 private:
  NoMetrics metrics_;
  const FolderBoard folder_;
  Devices devices_;
};

std::string FirstDifference(const std::shared_ptr<const array::ArrayProgram>& program, const Devices& devices,
                            const std::vector<std::vector<uint8_t>>& images) {
  Workspace workspace;
  const auto kernels = MakeExecutor("kernels", program).value();
  for (const char* name : {"rtl", "fpga"}) {
    const auto executor = MakeExecutor(name, program, devices);
    if (!executor.ok()) return executor.status().ToString();
    for (size_t i = 0; i < images.size(); ++i) {
      const auto result = (*executor)->Run(images[i], workspace);
      if (!result.ok()) return result.status().ToString();
      if (*result != *kernels->Run(images[i], workspace)) return name + (" differs at image " + std::to_string(i));
    }
  }
  return "";
}

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
