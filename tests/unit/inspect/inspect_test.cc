// SPDX-License-Identifier: Apache-2.0
// The program colonnade-inspect, spoken to as the daemon does.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "colonnade/worker/v1/worker.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/frames.h"
#include "server/onnx/export.h"
#include "tests/support/random_network.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

// A running colonnade-inspect and our end of its socket pair.
class Inspector {
 public:
  explicit Inspector(const char* argument = nullptr) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      if (ends[1] != kHelperDescriptor) ::dup2(ends[1], kHelperDescriptor);
      ::execl(COLONNADE_INSPECT, "colonnade-inspect", argument, nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    descriptor_ = ends[0];
  }

  ~Inspector() { Close(); }

  worker::v1::InspectReply Ask(const std::filesystem::path& path) {
    worker::v1::InspectRequest request;
    request.set_path(path.string());
    EXPECT_TRUE(WriteFrame(descriptor_, request.SerializeAsString()).ok());
    worker::v1::InspectReply reply;
    const auto frame = ReadFrame(descriptor_);
    EXPECT_TRUE(frame.ok() && reply.ParseFromString(*frame)) << frame.status();
    return reply;
  }

  void Close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  int ExitCode() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int descriptor_ = -1;
};

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
  Inspector inspector;
  const worker::v1::InspectReply reply =
      inspector.Ask(WriteTemporary("inspect.onnx", onnx::ExportOnnx(network)));
  EXPECT_EQ(inspector.ExitCode(), 0);
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
  Inspector inspector;
  const worker::v1::InspectReply reply = inspector.Ask(CrashSeed());
  EXPECT_EQ(inspector.ExitCode(), 0);
  EXPECT_EQ(reply.outcome().code(), int(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reply.outcome().field(), HasSubstr("strides[0]"));
  EXPECT_FALSE(reply.report().accepted());
  ASSERT_EQ(reply.report().nodes_size(), 1);
  EXPECT_EQ(reply.report().nodes(0).verdict(), v1::NodeVerdict::REFUSED);
}

TEST(Inspect, SaysThatAFileIsMissing) {
  Inspector inspector;
  EXPECT_EQ(inspector.Ask("/nonexistent").outcome().code(), int(absl::StatusCode::kNotFound));
}

TEST(Inspect, RefusesAFileAboveTheLimitWithoutReadingIt) {
  const std::filesystem::path path = WriteTemporary("large.onnx", "x");
  std::filesystem::resize_file(path, (uintmax_t{512} << 20) + 1);
  Inspector inspector;
  EXPECT_EQ(inspector.Ask(path).outcome().code(), int(absl::StatusCode::kResourceExhausted));
  std::filesystem::remove(path);
}

TEST(Inspect, ExitsWhenTheDaemonIsGone) {
  Inspector inspector;
  inspector.Close();
  EXPECT_EQ(inspector.ExitCode(), 2);
}

TEST(Inspect, ByHandTheExitCodeTells) {
  const std::filesystem::path model = WriteTemporary("hand.onnx", onnx::ExportOnnx(RandomNetwork(1)));
  EXPECT_EQ(Inspector(model.c_str()).ExitCode(), 0);
  EXPECT_EQ(Inspector(CrashSeed().c_str()).ExitCode(), 3);
  EXPECT_EQ(Inspector("/nonexistent").ExitCode(), 1);
  EXPECT_EQ(Inspector("--verbose").ExitCode(), 2);
}

}  // namespace
}  // namespace colonnade
