// SPDX-License-Identifier: Apache-2.0
// The real networks under COLONNADE_DATA, as an exporter wrote them.
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/transforms.h"
#include "server/onnx/import.h"
#include "tests/support/float_network.h"

namespace colonnade::onnx {
namespace {

constexpr int kImages = 4;

struct Expected {
  const char* model;
  bool is_cifar;
  int matrices;  // filter matrices once BatchNorms are folded
  int layers;    // of the network as imported
  int64_t macs;
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.model; }

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// The float values of a NumPy file of format version 1.
std::vector<float> ReadNpy(const std::filesystem::path& path) {
  const std::string bytes = ReadFile(path);
  EXPECT_EQ(bytes.substr(1, 5), "NUMPY");
  const size_t start = 10 + uint8_t(bytes[8]) + 256 * uint8_t(bytes[9]);
  EXPECT_NE(bytes.substr(0, start).find("'descr': '<f4', 'fortran_order': False"), std::string::npos);
  std::vector<float> values((bytes.size() - start) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(float));
  return values;
}

std::vector<float> Normalize(std::span<const uint8_t> pixels, std::span<const float> mean,
                             std::span<const float> deviation) {
  const size_t per_channel = pixels.size() / mean.size();
  std::vector<float> image;
  for (size_t i = 0; i < pixels.size(); ++i) {
    const size_t channel = i / per_channel;
    image.push_back((float(pixels[i]) / 255.0f - mean[channel]) / deviation[channel]);
  }
  return image;
}

std::vector<std::vector<float>> CifarImages(const std::filesystem::path& data) {
  constexpr size_t kRecord = 3073;
  constexpr float kMean[] = {0.485f, 0.456f, 0.406f}, kDeviation[] = {0.229f, 0.224f, 0.225f};
  std::ifstream in(data / "cifar10/test_5k.bin", std::ios::binary);
  std::vector<uint8_t> record(kRecord);
  std::vector<std::vector<float>> images;
  while (images.size() < kImages && in.read(reinterpret_cast<char*>(record.data()), kRecord)) {
    images.push_back(Normalize(std::span(record).subspan(1), kMean, kDeviation));
  }
  return images;
}

std::vector<std::vector<float>> MnistImages(const std::filesystem::path& data) {
  constexpr size_t kHeader = 16, kPixels = 784;
  constexpr float kMean[] = {0.1307f}, kDeviation[] = {0.3081f};
  std::vector<uint8_t> bytes(kHeader + kImages * kPixels);
  gzFile in = gzopen((data / "mnist/t8k-images-idx3-ubyte.gz").c_str(), "rb");
  EXPECT_EQ(gzread(in, bytes.data(), unsigned(bytes.size())), int(bytes.size()));
  gzclose(in);
  std::vector<std::vector<float>> images;
  for (int i = 0; i < kImages; ++i) {
    images.push_back(Normalize(std::span(bytes).subspan(kHeader + i * kPixels, kPixels), kMean, kDeviation));
  }
  return images;
}

class SharedNetworks : public testing::TestWithParam<Expected> {
 protected:
  void SetUp() override {
    const char* data = std::getenv("COLONNADE_DATA");
    if (data == nullptr) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
    data_ = data;
    auto imported = ImportOnnx(ReadFile(data_ / "models" / (std::string(GetParam().model) + ".onnx")));
    ASSERT_TRUE(imported.ok()) << imported.status();
    imported_ = std::move(*imported);
  }

  std::filesystem::path data_;
  Imported imported_;
};

TEST_P(SharedNetworks, HasTheRightLayers) {
  const nn::Network& network = imported_.network;
  EXPECT_EQ(imported_.producer, "pytorch 1.13.0");
  EXPECT_EQ(imported_.opset, 13);
  EXPECT_EQ(network.input_name, "image");
  EXPECT_EQ(network.output_name, "logits");
  EXPECT_EQ(network.input_shape(), (GetParam().is_cifar ? nn::Shape{3, 32, 32} : nn::Shape{1, 28, 28}));
  EXPECT_EQ(network.output_shape(), (nn::Shape{10, 1, 1}));
  EXPECT_EQ(int(network.layers.size()), GetParam().layers);
  const auto folded = nn::FoldBatchNorms(network);
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_EQ(std::count_if(folded->layers.begin(), folded->layers.end(),
                          [](const auto& l) { return l.is_matrix(); }),
            GetParam().matrices);
  EXPECT_EQ(folded->DenseMacs(), GetParam().macs);
  for (const NodeVerdict& verdict : imported_.verdicts)
    EXPECT_NE(verdict.verdict, Verdict::kRefused) << verdict.name;
}

TEST_P(SharedNetworks, FloatLogitsEqualTheRuntimes) {
  const std::vector<float> expected =
      ReadNpy(data_ / "models" / (std::string(GetParam().model) + ".logits.npy"));
  const auto images = GetParam().is_cifar ? CifarImages(data_) : MnistImages(data_);
  ASSERT_EQ(images.size(), size_t(kImages));
  for (int i = 0; i < kImages; ++i) {
    const std::vector<float> logits = RunFloat(imported_.network, images[i]);
    EXPECT_LT(Difference(logits, std::span(expected).subspan(i * 10, 10)), 1e-4) << "image " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SharedNetworks,
                         testing::Values(Expected{"lenet5_mnist", false, 4, 11, 2293000},
                                         Expected{"lenet5_shift_mnist", false, 5, 16, 1832704},
                                         Expected{"resnet20_cifar10", true, 20, 54, 40551040},
                                         Expected{"resnet20_cifar10_bn", true, 20, 73, 40551040},
                                         Expected{"shiftnet_cifar10", true, 12, 45, 39520768}),
                         [](const auto& info) { return std::string(info.param.model); });

}  // namespace
}  // namespace colonnade::onnx
