// SPDX-License-Identifier: Apache-2.0
#include "server/serving/artifact_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "server/artifact/file.h"
#include "server/executors/array_executor.h"
#include "server/quant/io.h"
#include "tests/support/sample_artifact.h"

namespace colonnade::serving {
namespace {

class ArtifactModelTest : public ::testing::Test {
 protected:
  ~ArtifactModelTest() override { std::filesystem::remove(path_); }

  SharedModel Load(uint64_t seed, artifact::InputType type = artifact::InputType::kFp32) {
    artifact_ = SampleArtifact(seed, "sample", 3, type);
    EXPECT_TRUE(artifact::WriteArtifact(path_, artifact_).ok());
    auto model = LoadArtifact({"sample", 3, path_});
    EXPECT_TRUE(model.ok()) << model.status();
    return *model;
  }

  // What the reference executor makes of input bytes.
  std::vector<float> Expected(std::span<const uint8_t> image) const {
    const auto executor = executors::MakeExecutor("reference", artifact_.program).value();
    executors::Workspace workspace;
    const std::vector<int32_t> results = executor->Run(image, workspace).value();
    std::vector<float> logits(results.size());
    quant::ToReal(results, artifact_.program->logit_scale, logits);
    if (artifact_.program->softmax) quant::Softmax(logits);
    return logits;
  }

  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("colonnade_model_" + std::to_string(::getpid()))).string();
  artifact::Artifact artifact_;
};

TEST_F(ArtifactModelTest, TellsWhatTheArtifactIs) {
  const SharedModel model = Load(1);
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.name, "sample");
  EXPECT_EQ(info.version, 3);
  EXPECT_EQ(info.input_shape, artifact_.program->tensors[0].shape);
  EXPECT_EQ(info.classes, artifact_.program->tensors.back().shape.size());
  EXPECT_EQ(info.cycles, artifact_.program->cycles.total());
  EXPECT_EQ(info.columns, artifact_.report.packed.columns);
  EXPECT_EQ(info.properties.at("array"), array::Name(artifact_.program->config));
  EXPECT_EQ(model->executors(), (std::vector<std::string>{"kernels", "reference"}));
}

TEST_F(ArtifactModelTest, EveryExecutorGivesTheReferencesLogits) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const SharedModel model = Load(seed);
    const quant::Tensor& input = artifact_.program->tensors[0];
    std::vector<float> images(size_t(2 * input.shape.size()));
    for (size_t i = 0; i < images.size(); ++i) images[i] = float(int(i * 37 % 301) - 150) * float(input.scale);
    std::vector<uint8_t> bytes(images.size());
    ASSERT_TRUE(quant::QuantizeInput(input, images, bytes).ok());
    const size_t one = bytes.size() / 2, classes = size_t(model->info().classes);
    std::vector<float> expected = Expected({bytes.data(), one});
    const std::vector<float> second = Expected({bytes.data() + one, one});
    expected.insert(expected.end(), second.begin(), second.end());
    for (const std::string& executor : model->executors()) {
      std::vector<float> logits(2 * classes);
      const std::string_view wire(reinterpret_cast<const char*>(images.data()), images.size() * sizeof(float));
      ASSERT_TRUE(model->Run(executor, wire, logits).ok());
      EXPECT_EQ(logits, expected) << "seed " << seed << " executor " << executor;
    }
  }
}

TEST_F(ArtifactModelTest, RawPixelsEqualNormalizedFloats) {
  const SharedModel model = Load(2, artifact::InputType::kUint8);
  const quant::Tensor& input = artifact_.program->tensors[0];
  std::string pixels(size_t(input.shape.size()), '\0');
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = char(i * 73 % 256);
  std::vector<uint8_t> bytes(pixels.size());
  for (size_t i = 0; i < pixels.size(); ++i) {
    bytes[i] = quant::QuantizeInputValue(input, float((uint8_t(pixels[i]) / 255.0 - 0.5) / 0.25));
  }
  std::vector<float> logits(size_t(model->info().classes));
  ASSERT_TRUE(model->Run("kernels", pixels, logits).ok());
  EXPECT_EQ(logits, Expected(bytes));
}

TEST_F(ArtifactModelTest, RefusesValuesThatAreNotFinite) {
  const SharedModel model = Load(3);
  std::vector<float> image(size_t(model->info().input_shape.size()), 0.0f);
  image.back() = std::numeric_limits<float>::infinity();
  std::vector<float> logits(size_t(model->info().classes));
  const std::string_view wire(reinterpret_cast<const char*>(image.data()), image.size() * sizeof(float));
  EXPECT_EQ(model->Run("kernels", wire, logits).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ArtifactModelTest, DamagedFilesAndWrongGoldenVectorsDoNotLoad) {
  Load(4);
  artifact_.self_tests[0].expected[0] ^= 1;
  ASSERT_TRUE(artifact::WriteArtifact(path_, artifact_).ok());
  EXPECT_EQ(LoadArtifact({"sample", 3, path_}).status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  EXPECT_EQ(LoadArtifact({"sample", 3, path_}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(LoadArtifact({"sample", 3, path_ + ".none"}).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace colonnade::serving
