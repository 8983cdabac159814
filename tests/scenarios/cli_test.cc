// SPDX-License-Identifier: Apache-2.0
// The command line against a real daemon: what it prints, how it ends, and what it
// refuses. After every refusal the daemon is alive and holds nothing new.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/onnx/export.h"
#include "tests/scenarios/command.h"
#include "tests/scenarios/glyph_job.h"
#include "tests/scenarios/running_daemon.h"
#include "tests/support/random_network.h"

namespace colonnade {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr int kFailed = 1, kUsage = 2, kModelRefused = 3, kNotFound = 4, kNotAllowed = 5, kUnavailable = 6;

class CliScenario : public ::testing::Test {
 protected:
  CliScenario() : folder_(daemon_.state().parent_path()) {}

  Outcome Call(std::vector<std::string> words) {
    std::vector<std::string> all = {COLONNADE_CLI, "--server", daemon_.address()};
    all.insert(all.end(), words.begin(), words.end());
    return RunCommand(all);
  }
  json CallJson(std::vector<std::string> words) {
    words.push_back("--json");
    const Outcome outcome = Call(std::move(words));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return json::parse(outcome.output, nullptr, false);
  }
  std::string Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // MNIST files of glyphs; returns the path of the images.
  std::string WriteIdx(const std::string& name, const client::Records& records) {
    const auto number = [](uint32_t n) { return std::string{char(n >> 24), char(n >> 16), char(n >> 8), char(n)}; };
    const auto count = uint32_t(records.size());
    std::string labels = number(0x801) + number(count);
    for (const uint32_t label : records.labels) labels += char(label);
    Write(name + "-labels-idx1-ubyte", labels);
    return Write(name + "-images-idx3-ubyte", number(0x803) + number(count) + number(uint32_t(records.height)) +
                                                  number(uint32_t(records.width)) +
                                                  std::string(records.pixels.begin(), records.pixels.end()));
  }
  std::vector<std::string> PushWords(const std::string& path, const std::string& name, const std::string& role) {
    return {"dataset",        "push",          path,   "--format",    "mnist",   "--name", name, "--source",
            "glyphs-" + role, "--source-size", "3000", "--normalize", "0.3/0.3", "--role", role};
  }
  // Nothing new on the server, which answers.
  void ExpectUntouched() {
    const json status = CallJson({"status"});
    EXPECT_EQ(status["artifacts"], 0);
    EXPECT_TRUE(CallJson({"job", "list"})["jobs"].empty());
  }
  void ExpectRefused(const std::vector<std::string>& words, int exit_code, const std::string& text) {
    const Outcome outcome = Call(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(text));
    EXPECT_TRUE(outcome.output.empty()) << outcome.output;
  }

  RunningDaemon daemon_;
  const std::filesystem::path folder_;
};

TEST_F(CliScenario, GoesFromModelToClasses) {
  const std::string onnx = Write("glyphs.onnx", GlyphOnnx());
  const std::string train = WriteIdx("train", GlyphTrain()), test = WriteIdx("t10k", GlyphTest());
  EXPECT_EQ(CallJson({"model", "push", onnx, "--name", "glyphs"})["report"]["accepted"], true);
  EXPECT_EQ(CallJson(PushWords(train, "train", "train"))["records"], kGlyphTrain);
  EXPECT_EQ(CallJson(PushWords(test, "test", "evaluation"))["role"], "evaluation");
  const json job = CallJson({"job", "submit", "--model", "glyphs", "--dataset", "train", "--evaluation", "test",
                             "--alpha", "4", "--name", "digits"});
  const std::string name = job["name"];
  EXPECT_EQ(Call({"job", "watch", name}).exit_code, 0);
  EXPECT_EQ(CallJson({"job", "show", name})["state"], "succeeded");
  const json answer = CallJson({"infer", "digits", "--images", test, "--format", "mnist", "--limit", "100"});
  EXPECT_GT(answer["accuracy"], kGlyphFloor);
  EXPECT_EQ(answer["executor"], "kernels");
  EXPECT_GT(answer["array_cycles"], 0);
  ASSERT_EQ(answer["images"].size(), 100u);
  const json& first = answer["images"][0];
  EXPECT_EQ(first["index"], 0);
  EXPECT_EQ(first["logits"].size(), 10u);
  EXPECT_EQ(first["label"], GlyphTest().labels[0]);
  EXPECT_GT(first["score"], 0.1);
  const std::string file = (folder_ / "digits.artifact").string();
  EXPECT_EQ(Call({"artifact", "pull", "digits", "--output", file}).exit_code, 0);
  EXPECT_EQ(Read(file).size(), CallJson({"artifact", "show", "digits"})["size_bytes"]);
  const std::string pulled = (folder_ / "digits.onnx").string();
  const json answered = CallJson({"artifact", "pull", "digits", "--format", "onnx", "--output", pulled});
  EXPECT_EQ(answered["path"], pulled);
  EXPECT_EQ(answered["size_bytes"], Read(pulled).size());
  ExpectRefused({"artifact", "pull", "digits", "--format", "onnx", "--version", "9"}, kNotFound, "digits");
  ExpectRefused({"artifact", "pull", "digits", "--format", "tflite"}, kUsage, "--format");
}

TEST_F(CliScenario, AWatchedJobThatFailsIsAFailure) {
  ASSERT_EQ(Call({"model", "push", Write("m.onnx", GlyphOnnx()), "--name", "glyphs"}).exit_code, 0);
  ASSERT_EQ(Call(PushWords(WriteIdx("train", GlyphTrain()), "train", "train")).exit_code, 0);
  const std::string recipe =
      Write("r.yaml", "training: {learning_rate: 10, weight_decay: 1, momentum: 0.99, final_epochs: 100}");
  EXPECT_EQ(
      Call({"job", "submit", "--model", "glyphs", "--dataset", "train", "--name", "x", "--recipe", recipe, "--watch"})
          .exit_code,
      kFailed);
}

TEST_F(CliScenario, RefusesModels) {
  const std::string whole = Read(COLONNADE_SOURCE_DIR "/deploy/models/digits.onnx");
  ASSERT_FALSE(whole.empty());
  nn::Network nan = RandomNetwork(1);
  for (nn::Layer& layer : nan.layers) {
    if (auto* conv = layer.as<nn::Convolution>()) conv->weight[0] = std::numeric_limits<float>::quiet_NaN();
  }
  const std::string golden = COLONNADE_SOURCE_DIR "/tests/golden/onnx/";
  for (const std::string& path :
       {Write("truncated.onnx", whole.substr(0, whole.size() / 2)), Write("text.onnx", "This is no model."),
        Write("nan.onnx", onnx::ExportOnnx(nan)), golden + "crash_max_pool_stride_zero.onnx",
        golden + "crash_range_without_data.onnx", golden + "crash_split_without_outputs.onnx"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(Call({"model", "push", path, "--name", "bad"}).exit_code, kModelRefused);
  }
  EXPECT_TRUE(CallJson({"model", "list"})["models"].empty());
  ExpectUntouched();
}

TEST_F(CliScenario, RefusesData) {
  client::Records wrong = GlyphTrain();
  wrong.labels[3] = 200;
  const std::string path = WriteIdx("train", wrong);
  std::vector<std::string> words = PushWords(path, "bad", "train");
  words.insert(words.end(), {"--classes", "10"});
  ExpectRefused(words, kUsage, "record 3 (counted from 0) has a label");
  WriteIdx("train", ToRecords(DrawGlyphs(kGlyphTrain + 1, 2)));
  ExpectRefused(PushWords(path, "bad", "train"), kNotAllowed, "300");
  WriteIdx("train", GlyphTrain());
  ASSERT_EQ(Call(PushWords(path, "good", "train")).exit_code, 0);
  words = PushWords(path, "bad", "train");
  words[11 - 1] = "3001";
  ExpectRefused(words, kNotAllowed, "3000");
  words = PushWords(path, "bad", "evaluation");
  words[8] = "glyphs-train";
  ExpectRefused(words, kNotAllowed, "role");
  EXPECT_EQ(CallJson({"dataset", "list"})["datasets"].size(), 1u);
  ExpectUntouched();
}

TEST_F(CliScenario, RefusesJobs) {
  ASSERT_EQ(Call({"model", "push", Write("m.onnx", GlyphOnnx()), "--name", "glyphs"}).exit_code, 0);
  ASSERT_EQ(Call(PushWords(WriteIdx("train", GlyphTrain()), "train", "train")).exit_code, 0);
  client::Records other = GlyphTrain();
  other.height = 20;
  other.width = 5;
  std::vector<std::string> narrow = PushWords(WriteIdx("narrow", other), "narrow", "train");
  narrow[8] = "narrow";
  ASSERT_EQ(Call(narrow).exit_code, 0);
  const auto submit = [](std::vector<std::string> more) {
    std::vector<std::string> words = {"job", "submit", "--model", "glyphs", "--name", "x"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  ExpectRefused(submit({"--dataset", "train", "--alpha", "0"}), kUsage, "recipe.packing.alpha: 0 is not within 1 to 8");
  ExpectRefused(submit({"--dataset", "train", "--alpha", "9"}), kUsage, "recipe.packing.alpha: 9 is not within 1 to 8");
  ExpectRefused(submit({"--dataset", "train", "--gamma", "-1"}), kUsage, "recipe.packing.gamma");
  const std::string epochs = Write("epochs.yaml", "training: {final_epochs: 1000000000}");
  ExpectRefused(submit({"--dataset", "train", "--recipe", epochs}), kUsage, "recipe.training.final_epochs");
  const std::string unknown = Write("unknown.yaml", "training: {final_epocs: 3}");
  ExpectRefused(submit({"--dataset", "train", "--recipe", unknown}), kUsage, "final_epochs");
  ExpectRefused(submit({"--dataset", "train", "--array", "0x18a8"}), kUsage, "array");
  ExpectRefused(submit({"--dataset", "narrow"}), kUsage, "dataset");
  ExpectRefused(submit({"--dataset", "absent"}), kNotFound, "absent");
  ExpectUntouched();
}

TEST_F(CliScenario, NamesWhatIsMissing) {
  ExpectRefused({"model", "show", "absent"}, kNotFound, "absent");
  ExpectRefused({"job", "show", "job-0"}, kNotFound, "job-0");
  ExpectRefused({"artifact", "show", "absent"}, kNotFound, "absent");
  ExpectRefused({"no", "such", "command"}, kUsage, "");
}

TEST_F(CliScenario, SaysWhenNobodyAnswers) {
  const std::string address = daemon_.address();
  daemon_.Stop();
  EXPECT_EQ(Call({"status", "--timeout", "2s"}).exit_code, kUnavailable);
}

TEST_F(CliScenario, RefusesTensorsOfAnotherSize) {
  PushGlyphs(daemon_.client());
  client::Client& client = daemon_.client();
  const auto job = client.SubmitJob(GlyphJob("digits", "training: {rounds: 1, final_epochs: 0}"));
  ASSERT_EQ(Await(client, job->name).state, client::JobState::kSucceeded);
  client::InferRequest request{
      .artifact = "digits", .input_name = client.GetArtifact("digits")->input_name, .shape = {1, 10, 9}, .images = 1};
  request.values.resize(90);
  const auto refused = client.Infer(request);
  EXPECT_EQ(refused.status().code(), client::Code::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("[-1,1,10,10]"));
  EXPECT_GT(ServedAccuracy(client, "digits", GlyphTest(), "kernels"), 0.05);
}

}  // namespace
}  // namespace colonnade
