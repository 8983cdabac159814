// SPDX-License-Identifier: Apache-2.0
// The program colonnade-inspect, spoken to as the daemon does.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "colonnade/worker/v1/worker.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/array/unpack.h"
#include "server/artifact/file.h"
#include "server/base/helper_process.h"
#include "server/onnx/export.h"
#include "server/onnx/export_qdq.h"
#include "server/onnx/onnx_proto.h"
#include "tests/support/random_network.h"
#include "tests/support/sample_artifact.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

std::unique_ptr<HelperProcess> StartInspect(const std::vector<std::string>& arguments = {}) {
  auto helper = HelperProcess::Start(COLONNADE_INSPECT, arguments);
  EXPECT_TRUE(helper.ok()) << helper.status();
  return *std::move(helper);
}

// What the helper answers before it exits.
template <typename Reply>
Reply Ask(const worker::v1::ToInspect& request) {
  const auto helper = StartInspect();
  EXPECT_TRUE(helper->Send(request.SerializeAsString()).ok());
  Reply reply;
  const auto frame = helper->Receive(kPatience);
  EXPECT_TRUE(frame.ok() && reply.ParseFromString(*frame)) << frame.status();
  EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 0");
  return reply;
}

worker::v1::InspectReply Inspect(const std::filesystem::path& path) {
  worker::v1::ToInspect request;
  request.mutable_inspect()->set_path(path.string());
  return Ask<worker::v1::InspectReply>(request);
}

// The outcome's code.
absl::StatusCode Convert(const std::filesystem::path& artifact, const std::filesystem::path& onnx) {
  worker::v1::ToInspect request;
  request.mutable_convert()->set_artifact_path(artifact.string());
  request.mutable_convert()->set_onnx_path(onnx.string());
  return absl::StatusCode(Ask<worker::v1::ConvertReply>(request).outcome().code());
}

std::string EndByHand(const std::string& argument) { return StartInspect({argument})->WaitForEnd(kPatience); }

std::filesystem::path WriteTemporary(const std::string& name, const std::string& bytes) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::filesystem::path CrashSeed() {
  return std::filesystem::path(COLONNADE_SOURCE_DIR) / "tests/golden/onnx/crash_max_pool_stride_zero.onnx";
}

TEST(Inspect, ReportsAnAcceptedModel) {
  const nn::Network network = RandomNetwork(3, {.batch_norms = true});
  const worker::v1::InspectReply reply = Inspect(WriteTemporary("inspect.onnx", onnx::ExportOnnx(network)));
  EXPECT_EQ(reply.outcome().code(), 0) << reply.outcome().message();
  const v1::ModelReport& report = reply.report();
  EXPECT_TRUE(report.accepted());
  EXPECT_EQ(report.producer(), "colonnade");
  EXPECT_EQ(report.opset(), 13);
  EXPECT_EQ(report.input_name(), network.input_name);
  EXPECT_EQ(report.output_name(), network.output_name);
  EXPECT_EQ(report.input_shape().height(), network.input_shape().height);
  EXPECT_EQ(report.classes(), network.output_shape().channels);
  EXPECT_GE(report.dense_macs(), network.DenseMacs());
  ASSERT_FALSE(report.layers().empty());
  const v1::LayerReport& last = *report.layers().rbegin();
  EXPECT_EQ(last.name(), network.layers.back().name);
  EXPECT_EQ(last.rows(), report.classes());
  EXPECT_EQ(last.pixels(), 1);
  EXPECT_EQ(last.columns(), network.layers[network.layers.back().inputs[0]].output.size());
}

TEST(Inspect, ReportsARefusedModelWithItsField) {
  const worker::v1::InspectReply reply = Inspect(CrashSeed());
  EXPECT_EQ(reply.outcome().code(), int(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reply.outcome().field(), HasSubstr("strides[0]"));
  EXPECT_FALSE(reply.report().accepted());
  ASSERT_EQ(reply.report().nodes_size(), 1);
  EXPECT_EQ(reply.report().nodes(0).verdict(), v1::NodeVerdict::REFUSED);
}

TEST(Inspect, SaysThatAFileIsMissing) {
  EXPECT_EQ(Inspect("/nonexistent").outcome().code(), int(absl::StatusCode::kNotFound));
}

TEST(Inspect, RefusesAFileAboveTheLimitWithoutReadingIt) {
  const std::filesystem::path path = WriteTemporary("large.onnx", "x");
  std::filesystem::resize_file(path, (uintmax_t{1} << 30) + 1);
  EXPECT_EQ(Inspect(path).outcome().code(), int(absl::StatusCode::kResourceExhausted));
  std::filesystem::remove(path);
}

TEST(Inspect, WithoutARequestItExits) {
  for (const char* request : {"no request", ""}) {
    const auto helper = StartInspect();
    ASSERT_TRUE(helper->Send(request).ok());
    EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 2");
  }
}

TEST(Inspect, ExitsWhenTheDaemonIsGone) {
  const auto helper = HelperProcess::Start("/bin/sh", {"-c", "exec \"$0\" 3</dev/null", COLONNADE_INSPECT});
  ASSERT_TRUE(helper.ok()) << helper.status();
  EXPECT_EQ((*helper)->WaitForEnd(kPatience), "exit code 2");
}

TEST(Inspect, ByHandTheExitCodeTells) {
  const std::filesystem::path model = WriteTemporary("hand.onnx", onnx::ExportOnnx(RandomNetwork(1)));
  EXPECT_EQ(EndByHand(model.string()), "exit code 0");
  EXPECT_EQ(EndByHand(CrashSeed().string()), "exit code 3");
  EXPECT_EQ(EndByHand("/nonexistent"), "exit code 1");
  EXPECT_EQ(EndByHand("--verbose"), "exit code 2");
}

class ConvertTest : public testing::Test {
 protected:
  // What becomes of the artifact, parsed.
  ::onnx::ModelProto Convert(const artifact::Artifact& artifact) {
    EXPECT_TRUE(artifact::WriteArtifact(artifact_.string(), artifact).ok());
    EXPECT_EQ(colonnade::Convert(artifact_, onnx_), absl::StatusCode::kOk);
    ::onnx::ModelProto model;
    std::ifstream file(onnx_, std::ios::binary);
    EXPECT_TRUE(model.ParseFromIstream(&file));
    return model;
  }

  const std::filesystem::path artifact_ = std::filesystem::path(testing::TempDir()) / "convert.colonnade";
  const std::filesystem::path onnx_ = std::filesystem::path(testing::TempDir()) / "convert.onnx";
};

TEST_F(ConvertTest, WritesTheUnpackedNetwork) {
  const artifact::Artifact artifact = SampleArtifact(3, "sample", 4);
  ::onnx::ModelProto model = Convert(artifact);
  ASSERT_GE(model.metadata_props_size(), 1);
  EXPECT_EQ(model.metadata_props(0).key(), "artifact");
  EXPECT_EQ(model.metadata_props(0).value(), "sample:4");
  EXPECT_EQ(model.metadata_props(1).key(), "normalization");
  EXPECT_THAT(model.metadata_props(1).value(), testing::StartsWith("0.5"));
  model.clear_metadata_props();
  EXPECT_EQ(model.SerializeAsString(), *onnx::ExportQdq(*array::Unpack(*artifact.program)));
}

TEST_F(ConvertTest, TheInputIsTheArtifacts) {
  const auto type = [](const ::onnx::ModelProto& model) {
    return model.graph().input(0).type().tensor_type().elem_type();
  };
  EXPECT_EQ(type(Convert(SampleArtifact(3, "sample", 1))), ::onnx::TensorProto::FLOAT);
  EXPECT_EQ(type(Convert(SampleArtifact(3, "sample", 1, artifact::InputType::kUint8))), ::onnx::TensorProto::UINT8);
}

TEST_F(ConvertTest, SaysWhyItCannot) {
  EXPECT_EQ(colonnade::Convert("/nonexistent", onnx_), absl::StatusCode::kNotFound);
  EXPECT_EQ(colonnade::Convert(WriteTemporary("no.colonnade", "no artifact"), onnx_), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(artifact::WriteArtifact(artifact_.string(), SampleArtifact(3, "sample", 1)).ok());
  EXPECT_EQ(colonnade::Convert(artifact_, "/nonexistent/onnx"), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace colonnade
