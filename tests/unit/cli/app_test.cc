// SPDX-License-Identifier: Apache-2.0
// Whole command lines against a server that answers as it is told.
#include "client/cli/app.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/support/fake_server.h"

namespace colonnade::cli {
namespace {

using testing::HasSubstr;

class AppTest : public testing::Test {
 protected:
  AppTest() {
    ::unsetenv("COLONNADE_SERVER");
    ::unsetenv("COLONNADE_TENANT");
  }

  // Runs `colonnade --server THE_FAKE arguments...`.
  int Call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"colonnade", "--server", server.address()});
    return CallAsItIs(arguments);
  }
  int CallAsItIs(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    out.str("");
    err.str("");
    return cli::Run(int(argv.size()), argv.data(), {.out = out, .err = err});
  }
  Json Printed() const { return Json::parse(out.str()); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = server.folder() / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // Records of CIFAR-10 whose labels are 0, 1, 2, ...
  std::string WriteImages(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += std::string(1, char(i % 10)) + std::string(3072, char(255));
    return Write("images.bin", bytes);
  }
  std::vector<std::string> PushDataset(std::vector<std::string> more) {
    std::vector<std::string> all = {"dataset", "push",     WriteImages(20), "--format",      "cifar10", "--name",
                                    "c10",     "--source", "cifar-10",      "--source-size", "50000"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void AddArtifact(const char* datatype) {
    auto& artifact = state.artifact;
    artifact.set_name("r20p");
    artifact.set_version(3);
    artifact.set_input_name("x");
    artifact.set_input_datatype(datatype);
    artifact.mutable_input_shape()->set_channels(3);
    artifact.mutable_input_shape()->set_height(32);
    artifact.mutable_input_shape()->set_width(32);
    artifact.mutable_normalization()->add_mean(0.5);
    artifact.mutable_normalization()->add_deviation(0.25);
    state.logits = {0, 5, 1};
  }

  FakeServer server;
  FakeState& state = server.state();
  std::ostringstream out, err;
};

TEST_F(AppTest, HelpAndVersionSucceed) {
  EXPECT_EQ(CallAsItIs({"colonnade", "--help"}), kOk);
  EXPECT_THAT(out.str(), HasSubstr("Exit codes"));
  EXPECT_EQ(CallAsItIs({"colonnade", "--version"}), kOk);
  EXPECT_EQ(CallAsItIs({"colonnade", "job", "submit", "--help"}), kOk);
}

TEST_F(AppTest, WrongUsageIsTwo) {
  EXPECT_EQ(CallAsItIs({"colonnade"}), kUsage);
  EXPECT_EQ(Call({"nonsense"}), kUsage);
  EXPECT_EQ(Call({"model", "push"}), kUsage);
  EXPECT_EQ(Call({"job", "submit", "--model", "m", "--dataset", "d", "--name", "n", "--alpha", "four"}), kUsage);
  EXPECT_EQ(Call({"status", "--timeout", "soon"}), kUsage);
  EXPECT_EQ(Call({"infer", "r20p", "--images", "x", "--limit", "-1"}), kUsage);
  EXPECT_NE(err.str(), "");
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(state.calls, 0);
}

TEST_F(AppTest, ServerComesFromTheEnvironment) {
  ::setenv("COLONNADE_SERVER", server.address().c_str(), 1);
  EXPECT_EQ(CallAsItIs({"colonnade", "status", "--json"}), kOk);
  EXPECT_EQ(Printed()["version"], "9.9");
  ::unsetenv("COLONNADE_SERVER");
}

TEST_F(AppTest, NobodyThereIsSix) {
  EXPECT_EQ(CallAsItIs({"colonnade", "status", "--server", "unix:" + (server.folder() / "none").string()}),
            kUnavailable);
  EXPECT_THAT(err.str(), HasSubstr("is colonnaded running"));
}

TEST_F(AppTest, RefusedModelIsThree) {
  state.failures = {{.code = grpc::StatusCode::UNIMPLEMENTED, .message = "node 'x': Loop", .reason = "MODEL_REFUSED"}};
  EXPECT_EQ(Call({"model", "push", Write("m.onnx", "onnx"), "--name", "m"}), kModelRefused);
  EXPECT_THAT(err.str(), HasSubstr("node 'x': Loop"));
}

TEST_F(AppTest, FullDiskIsNoVerdictOnTheModel) {
  state.failures = {{.code = grpc::StatusCode::RESOURCE_EXHAUSTED, .message = "No space left on device"}};
  EXPECT_EQ(Call({"model", "push", Write("m.onnx", "onnx"), "--name", "m"}), kFailed);
}

TEST_F(AppTest, BadNameOfAModelIsTwo) {
  state.failures = {{.code = grpc::StatusCode::INVALID_ARGUMENT, .field = "header.name", .reason = "INVALID_FIELD"}};
  EXPECT_EQ(Call({"model", "push", Write("m.onnx", "onnx"), "--name", "M"}), kUsage);
}

TEST_F(AppTest, MissingFileIsFour) {
  EXPECT_EQ(Call({"model", "push", "/nonexistent.onnx", "--name", "m"}), kNotFound);
  EXPECT_EQ(Call({"infer", "r20p", "--images", "/nonexistent.bin"}), kNotFound);
}

TEST_F(AppTest, InspectTakesAFileOrAName) {
  state.report.set_accepted(true);
  EXPECT_EQ(Call({"model", "inspect", Write("m.onnx", "onnx")}), kOk);
  EXPECT_EQ(state.uploaded, "onnx");
  EXPECT_EQ(Call({"model", "inspect", "resnet20", "--json"}), kOk);
  EXPECT_EQ(state.inspect_header.name(), "resnet20");
  EXPECT_EQ(Printed()["accepted"], true);
}

TEST_F(AppTest, InspectShowsRefusedNodesAndIsThree) {
  auto& node = *state.report.add_nodes();
  node.set_name("x");
  node.set_verdict(v1::NodeVerdict::REFUSED);
  node.set_reason("a loop");
  EXPECT_EQ(Call({"model", "inspect", "m"}), kModelRefused);
  EXPECT_THAT(out.str(), HasSubstr("a loop"));
}

TEST_F(AppTest, DatasetPushSendsWhatTheFlagsSay) {
  const auto line = PushDataset(
      {"--normalize", "0.4,0.5,0.6/0.1,0.2,0.3", "--limit", "5", "--role", "evaluation", "--retain", "2h", "--json"});
  state.dataset.set_name("c10");
  ASSERT_EQ(Call(line), kOk) << err.str();
  EXPECT_EQ(Printed()["name"], "c10");
  const auto& header = state.dataset_header;
  EXPECT_EQ(header.records(), 5);
  EXPECT_EQ(header.classes(), 10);
  EXPECT_EQ(header.source_samples(), 50000);
  EXPECT_EQ(header.role(), v1::DATA_ROLE_EVALUATION);
  EXPECT_EQ(header.retain().seconds(), 7200);
  EXPECT_EQ(header.normalization().mean(2), 0.6);
  EXPECT_EQ(state.uploaded.size(), 5u * (4 + 3072));
}

TEST_F(AppTest, OverTheBudgetIsFive) {
  state.failures = {{.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                     .message = "used 5000 of 5000",
                     .reason = "DATA_BUDGET_EXCEEDED",
                     .quota = "source:cifar-10"}};
  EXPECT_EQ(Call(PushDataset({"--normalize", "0/1"})), kNotAllowed);
  EXPECT_THAT(err.str(), HasSubstr("used 5000 of 5000"));
  EXPECT_THAT(err.str(), HasSubstr("dataset sources"));
}

TEST_F(AppTest, DatasetPushRefusesBadFlagsBeforeAnyCall) {
  EXPECT_EQ(Call(PushDataset({"--normalize", "1"})), kUsage);
  EXPECT_THAT(err.str(), HasSubstr("--normalize"));
  EXPECT_EQ(Call(PushDataset({"--normalize", "0/1", "--role", "test"})), kUsage);
  EXPECT_EQ(Call(PushDataset({"--normalize", "0/1", "--retain", "soon"})), kUsage);
  EXPECT_EQ(Call(PushDataset({"--normalize", "0/1", "--format", "bmp"})), kUsage);
  EXPECT_EQ(state.calls, 0);
}

TEST_F(AppTest, SubmitPrintsTheJobsName) {
  state.job.set_name("job-1");
  const std::string recipe = Write("recipe.yaml", "packing: {gamma: 1.5}\ntraining: {rounds: 2}\n");
  ASSERT_EQ(Call({"job", "submit", "--model", "m", "--dataset", "d", "--evaluation", "e", "--alpha", "4", "--gamma",
                  "0", "--array", "16x18a8", "--recipe", recipe, "--name", "r20p", "--json"}),
            kOk)
      << err.str();
  EXPECT_EQ(Printed()["name"], "job-1");
  const auto& sent = state.submitted;
  EXPECT_EQ(sent.model() + sent.dataset() + sent.evaluation() + sent.artifact() + sent.array(), "mder20p16x18a8");
  EXPECT_EQ(sent.recipe().packing().alpha(), 4);
  EXPECT_EQ(sent.recipe().packing().gamma(), 0);
  EXPECT_EQ(sent.recipe().training().rounds(), 2);
}

TEST_F(AppTest, UnknownKeyOfARecipeIsTwo) {
  const std::string recipe = Write("recipe.yaml", "packing: {alhpa: 4}");
  EXPECT_EQ(Call({"job", "submit", "--model", "m", "--dataset", "d", "--name", "n", "--recipe", recipe}), kUsage);
  EXPECT_THAT(err.str(), HasSubstr("recipe.packing.alhpa: no such setting; nearest is alpha"));
  EXPECT_EQ(state.calls, 0);
}

TEST_F(AppTest, SubmitAndWatchTellsHowItEnded) {
  state.job.set_name("job-1");
  v1::JobEvent& event = state.events.emplace_back();
  event.set_sequence(1);
  event.set_state(v1::JOB_STATE_FAILED);
  state.job.set_state(v1::JOB_STATE_FAILED);
  const std::vector<std::string> line = {"job", "submit", "--model", "m",       "--dataset",
                                         "d",   "--name", "n",       "--watch", "--json"};
  EXPECT_EQ(Call(line), kFailed);
  EXPECT_EQ(Printed()["state"], "failed");
  EXPECT_THAT(err.str(), HasSubstr("failed"));
  state.events[0].set_state(v1::JOB_STATE_SUCCEEDED);
  state.job.set_state(v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Call(line), kOk);
  EXPECT_EQ(Printed()["state"], "succeeded");
}

TEST_F(AppTest, WatchPrintsOneLinePerEvent) {
  for (int i = 1; i <= 3; ++i) {
    state.events.emplace_back().set_sequence(i);
    state.events.back().set_state(v1::JOB_STATE_RUNNING);
  }
  EXPECT_EQ(Call({"job", "watch", "job-1", "--from", "2", "--json"}), kOk);
  std::istringstream lines(out.str());
  std::string line;
  for (int i = 2; std::getline(lines, line); ++i) EXPECT_EQ(Json::parse(line)["sequence"], i);
}

TEST_F(AppTest, UnknownJobIsFour) {
  state.failures = {{.code = grpc::StatusCode::NOT_FOUND, .message = "job 'x' does not exist"}};
  EXPECT_EQ(Call({"job", "show", "x"}), kNotFound);
}

TEST_F(AppTest, InferClassifiesInBatches) {
  AddArtifact("FP32");
  ASSERT_EQ(Call({"infer", "r20p", "--images", WriteImages(100), "--format", "cifar10", "--offset", "10", "--executor",
                  "reference", "--json"}),
            kOk)
      << err.str();
  const Json json = Printed();
  EXPECT_EQ(json["array_cycles"], 9000);
  EXPECT_EQ(json["executor"], "kernels");
  EXPECT_DOUBLE_EQ(json["accuracy"], 0.1);
  ASSERT_EQ(json["images"].size(), 90u);
  EXPECT_EQ(json["images"][0]["index"], 10);
  EXPECT_EQ(json["images"][89]["label"], 9);
  ASSERT_EQ(state.inferences.size(), 2u);
  EXPECT_EQ(state.inferences[0].inputs(0).shape(0), 64);
  EXPECT_EQ(state.inferences[1].inputs(0).shape(0), 26);
  EXPECT_EQ(state.inferences[0].parameters().at("executor").string_param(), "reference");
  float first = 0;
  std::memcpy(&first, state.inferences[0].raw_input_contents(0).data(), sizeof(first));
  EXPECT_FLOAT_EQ(first, 2);  // (255 / 255 - 0.5) / 0.25
}

TEST_F(AppTest, InferSendsPixelsToArtifactsThatTakeThem) {
  AddArtifact("UINT8");
  ASSERT_EQ(Call({"infer", "r20p", "--images", WriteImages(1)}), kOk) << err.str();
  EXPECT_EQ(state.inferences[0].raw_input_contents(0), std::string(3072, char(255)));
  EXPECT_THAT(out.str(), HasSubstr("1 images, 100 array cycles, executor kernels"));
}

TEST_F(AppTest, InferRefusesImagesOfAnotherShape) {
  AddArtifact("FP32");
  state.artifact.mutable_input_shape()->set_height(28);
  EXPECT_EQ(Call({"infer", "r20p", "--images", WriteImages(1)}), kUsage);
  EXPECT_THAT(err.str(), HasSubstr("the images are 3x32x32, r20p takes 3x28x32"));
}

TEST_F(AppTest, MessagesOfTheServerCannotSteerTheTerminal) {
  state.failures = {{.code = grpc::StatusCode::NOT_FOUND, .message = "no \x1b[2J"}};
  EXPECT_EQ(Call({"job", "show", "x"}), kNotFound);
  EXPECT_EQ(err.str(), "colonnade: no \\x1b[2J\n");
}

}  // namespace
}  // namespace colonnade::cli
