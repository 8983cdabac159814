// SPDX-License-Identifier: Apache-2.0
// Serving from devices: the Verilated machine, hosted privately (rtl) and as a running board that
// the daemon drives as it would drive hardware (fpga).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/scenarios/command.h"
#include "tests/scenarios/glyph_job.h"
#include "tests/scenarios/running_daemon.h"
#include "tests/support/board_process.h"

namespace colonnade {
namespace {

using ::testing::ElementsAre;

class BoardScenario : public ::testing::Test {
 protected:
  void SetUp() override {
    PushGlyphs(client());
    const auto job = client().SubmitJob(GlyphJob("digits"));
    ASSERT_TRUE(job.ok()) << job.status().message();
    ASSERT_EQ(Await(client(), job->name).state, client::JobState::kSucceeded);
  }
  client::Client& client() { return daemon_.client(); }

  client::Result<client::InferResult> Infer(const std::string& executor, int images = 1) {
    return InferBy(client(), executor, images);
  }

  static client::Result<client::InferResult> InferBy(client::Client& client, const std::string& executor, int images) {
    const auto info = client.GetArtifact("digits");
    const client::Records test = GlyphTest();
    client::InferRequest request;
    request.artifact = "digits";
    request.executor = executor;
    request.input_name = info->input_name;
    request.shape = info->input_shape;
    request.images = images;
    request.values = client::Normalize(test.pixels, info->input_shape, info->normalization);
    request.values.resize(request.values.size() / size_t(test.size()) * size_t(images));
    return client.Infer(request);
  }

  // The daemon's board process, or -1.
  pid_t BoardProcess() const {
    const std::string task = "/proc/" + std::to_string(daemon_.pid()) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(task)) {
      std::ifstream children(thread.path() / "children");
      for (pid_t child = 0; children >> child;) {
        std::string name;
        std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
        if (name == "colonnade-board") return child;
      }
    }
    return -1;
  }

  const FolderBoard board_{COLONNADE_BOARD, {"--array", "default"}};
  RunningDaemon daemon_{{"--fpga", "board:" + board_.folder()}};
};

TEST_F(BoardScenario, DevicesAnswerAsTheKernelsDo) {
  EXPECT_THAT(client().GetStatus()->executors, ElementsAre("kernels", "reference", "rtl", "fpga"));
  const auto kernels = Infer("kernels", 2);
  ASSERT_TRUE(kernels.ok()) << kernels.status().message();
  for (const std::string executor : {"rtl", "fpga"}) {
    const auto device = Infer(executor, 2);
    ASSERT_TRUE(device.ok()) << device.status().message();
    EXPECT_EQ(device->executor, executor);
    EXPECT_EQ(device->logits, kernels->logits);
    EXPECT_EQ(device->array_cycles, kernels->array_cycles);
  }
}

TEST_F(BoardScenario, ADeadBoardFailsOneCall) {
  ASSERT_TRUE(Infer("rtl").ok());
  const pid_t board = BoardProcess();
  ASSERT_GT(board, 0);
  ::kill(board, SIGKILL);
  client::ClientOptions once{.server = daemon_.address()};
  once.retry.attempts = 1;
  EXPECT_EQ(InferBy(**client::Client::Connect(once), "rtl", 1).status().code(), client::Code::kUnavailable);
  EXPECT_TRUE(Infer("kernels").ok());
  EXPECT_TRUE(Infer("rtl").ok());
  EXPECT_NE(BoardProcess(), board);
}

}  // namespace
}  // namespace colonnade
