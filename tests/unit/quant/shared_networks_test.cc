// SPDX-License-Identifier: Apache-2.0
// A real network under COLONNADE_DATA: integer and float answers agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/nn/transforms.h"
#include "server/onnx/import.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::quant {
namespace {

constexpr size_t kPixels = 3072;

std::vector<Image> CifarImages(const std::filesystem::path& file, int count) {
  constexpr float kMean[] = {0.485f, 0.456f, 0.406f}, kDeviation[] = {0.229f, 0.224f, 0.225f};
  std::ifstream in(file, std::ios::binary);
  std::string record(1 + kPixels, 0);
  std::vector<Image> images;
  while (static_cast<int>(images.size()) < count && in.read(record.data(), long(record.size()))) {
    Image image;
    for (size_t i = 0; i < kPixels; ++i) {
      const size_t channel = i / 1024;
      image.push_back((float(uint8_t(record[i + 1])) / 255.0f - kMean[channel]) / kDeviation[channel]);
    }
    images.push_back(std::move(image));
  }
  return images;
}

template <typename T>
long Argmax(const std::vector<T>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

TEST(SharedNetworks, IntegerResNetAgreesWithTheFloatOne) {
  constexpr int kCalibration = 4, kImages = 32;
  const char* variable = std::getenv("COLONNADE_DATA");
  if (variable == nullptr) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const std::filesystem::path data = variable;
  std::ifstream in(data / "models/resnet20_cifar10_bn.onnx", std::ios::binary);
  auto imported = onnx::ImportOnnx(std::string(std::istreambuf_iterator<char>(in), {}));
  ASSERT_TRUE(imported.ok()) << imported.status();
  const auto network = nn::FoldBatchNorms(std::move(imported->network));
  ASSERT_TRUE(network.ok()) << network.status();
  const auto quantized =
      Quantize(*network, Calibrate(*network, CifarImages(data / "cifar10/train_10k.bin", kCalibration)));
  ASSERT_TRUE(quantized.ok()) << quantized.status();
  EXPECT_EQ(
      std::count_if(quantized->layers.begin(), quantized->layers.end(),
                    [](const QuantizedLayer& l) { return std::holds_alternative<MatrixLayer>(l.operation); }),
      20);
  const std::vector<Image> images = CifarImages(data / "cifar10/test_5k.bin", kImages);
  ASSERT_EQ(int(images.size()), kImages);
  int agreed = 0;
  for (const Image& image : images)
    agreed += Argmax(RunFloat(*network, image)) == Argmax(RunReal(*quantized, image));
  EXPECT_GE(agreed, kImages * 9 / 10);
}

}  // namespace
}  // namespace colonnade::quant
