// SPDX-License-Identifier: Apache-2.0
#include "server/artifact/artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "server/artifact/file.h"
#include "server/artifact/self_test.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/executors/array_executor.h"
#include "tests/support/random_packed.h"

namespace colonnade::artifact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunImage Runner(std::string_view executor, std::shared_ptr<const array::ArrayProgram> program) {
  std::shared_ptr<executors::ArrayExecutor> made = *executors::MakeExecutor(executor, std::move(program));
  return [made](std::span<const uint8_t> image) {
    executors::Workspace workspace;
    return made->Run(image, workspace);
  };
}

Artifact MakeArtifact(uint64_t seed) {
  const RandomPacked random = RandomPackedNetwork(seed);
  auto program = compiler::Compile(random.network, random.groupings, random.config);
  EXPECT_TRUE(program.ok()) << program.status();
  Artifact artifact;
  artifact.program = std::make_shared<const array::ArrayProgram>(*std::move(program));
  Manifest& manifest = artifact.manifest;
  manifest.name = "digits-a4";
  manifest.version = 3;
  manifest.tenant = "default";
  manifest.job = "job-0123456789abcdef";
  manifest.model = "digits";
  manifest.create_time = 1700000000;
  const int channels = artifact.program->tensors[0].shape.channels;
  manifest.normalization = {std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.25)};
  manifest.recipe_json = R"({"alpha":4})";
  manifest.executors = {"reference", "kernels"};
  for (int64_t i = 0; i < artifact.program->tensors.back().shape.size(); ++i) {
    manifest.labels.push_back(std::to_string(i));
  }
  artifact.report = {0.91, 0.90, 0.89, "held_out", 400, {90, 12, 9000, 4000}, SizeOnArray(*artifact.program),
                     0.8,  0.5,  170,  179,        "{}"};
  auto tests = MakeSelfTests(*artifact.program, 7, 2, Runner("reference", artifact.program));
  EXPECT_TRUE(tests.ok()) << tests.status();
  artifact.self_tests = *std::move(tests);
  return artifact;
}

std::string Bytes(const Artifact& artifact) {
  const auto bytes = Encode(artifact);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return *bytes;
}

std::string ErrorAfter(const std::function<void(Artifact&)>& damage) {
  Artifact artifact = MakeArtifact(1);
  damage(artifact);
  return std::string(Message(Encode(artifact).status()));
}

TEST(Artifact, EverythingSurvivesTheRoundTrip) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Artifact original = MakeArtifact(seed);
    const std::string bytes = Bytes(original);
    const auto read = Decode(bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(Bytes(*read), bytes);
    EXPECT_EQ(read->report, original.report);
    EXPECT_EQ(read->self_tests, original.self_tests);
    EXPECT_EQ(read->program->config, original.program->config);
    EXPECT_TRUE(RunSelfTests(*read, Runner("kernels", read->program)).ok());
  }
}

TEST(Artifact, ManifestSurvivesTheRoundTrip) {
  Artifact original = MakeArtifact(1);
  original.manifest.input_type = InputType::kUint8;
  const auto read = Decode(Bytes(original));
  ASSERT_TRUE(read.ok()) << read.status();
  const Manifest& manifest = read->manifest;
  EXPECT_EQ(manifest.name, "digits-a4");
  EXPECT_EQ(manifest.version, 3);
  EXPECT_EQ(manifest.tenant, "default");
  EXPECT_EQ(manifest.job, "job-0123456789abcdef");
  EXPECT_EQ(manifest.model, "digits");
  EXPECT_EQ(manifest.create_time, 1700000000);
  EXPECT_EQ(manifest.input_type, InputType::kUint8);
  EXPECT_EQ(manifest.normalization, original.manifest.normalization);
  EXPECT_EQ(manifest.labels, original.manifest.labels);
  EXPECT_EQ(manifest.recipe_json, R"({"alpha":4})");
  EXPECT_THAT(manifest.executors, ElementsAre("reference", "kernels"));
}

TEST(Artifact, RefusesFieldsOutOfRange) {
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.name = "Not a name"; }), HasSubstr("manifest.name"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.tenant = ""; }), HasSubstr("manifest.tenant"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.version = 0; }), HasSubstr("manifest.version: 0"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.labels.push_back("more"); }), HasSubstr("labels"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.normalization.mean.push_back(0); }),
              HasSubstr("normalization"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.normalization.deviation[0] = 0; }), HasSubstr("positive"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.normalization.mean[0] = NAN; }), HasSubstr("finite"));
  EXPECT_THAT(ErrorAfter([](auto& a) {
                a.manifest.input_type = InputType::kUint8;
                a.manifest.normalization = {};
              }),
              HasSubstr("0 means"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.manifest.recipe_json.assign((1 << 20) + 1, ' '); }),
              HasSubstr("manifest.recipe_json"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.report.packed_accuracy = 1.5; }),
              HasSubstr("report.packed_accuracy: 1.5"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.report.dense_accuracy = NAN; }), HasSubstr("report.dense_accuracy"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.report.accuracy_source = "train"; }),
              HasSubstr("accuracy_source: 'train'"));
  EXPECT_THAT(ErrorAfter([](auto& a) { ++a.report.packed.cycles; }), HasSubstr("report.packed"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.self_tests.clear(); }), HasSubstr("self_tests: 0"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.self_tests[0].expected.push_back(1); }), HasSubstr("self_tests"));
  EXPECT_THAT(ErrorAfter([](auto& a) { a.program = nullptr; }), HasSubstr("program: missing"));
}

TEST(Artifact, RefusesABrokenProgram) {
  EXPECT_THAT(ErrorAfter([](auto& a) {
                auto program = std::make_shared<array::ArrayProgram>(*a.program);
                program->cycles.fill += 1;
                a.program = program;
              }),
              HasSubstr("program: the program takes"));
}

TEST(SelfTests, ImagesFollowFromTheSeed) {
  // SplitMix64 of seed 0 starts with e220a8397b1dcdaf 6e789e6aa1b965f4.
  EXPECT_THAT(SelfTestImage(0, 10), ElementsAre(0xaf, 0xcd, 0x1d, 0x7b, 0x39, 0xa8, 0x20, 0xe2, 0xf4, 0x65));
}

TEST(SelfTests, AWrongResultIsDataLoss) {
  Artifact artifact = MakeArtifact(1);
  ++artifact.self_tests[1].expected.back();
  const absl::Status status = RunSelfTests(artifact, Runner("kernels", artifact.program));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("self-test 1 of artifact 'digits-a4' differs at element"));
}

TEST(ArtifactFile, IsWrittenAndRead) {
  std::string folder = testing::TempDir() + "/artifact.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/a";
  const auto written = WriteArtifact(path, MakeArtifact(2));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->bytes, int64_t(std::filesystem::file_size(path)));
  EXPECT_EQ(written->sha256.size(), 64u);
  const auto read = ReadArtifact(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->manifest.name, "digits-a4");
  ASSERT_TRUE(PublishFile(path, "short").ok());
  const absl::Status damaged = ReadArtifact(path).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(damaged)), HasSubstr(path));
  EXPECT_EQ(ReadArtifact(folder + "/none").status().code(), absl::StatusCode::kNotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace colonnade::artifact
