// SPDX-License-Identifier: Apache-2.0
// A model is pushed, packed, published and served by the real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "server/onnx/export.h"
#include "tests/scenarios/glyph_job.h"
#include "tests/scenarios/running_daemon.h"
#include "tests/support/random_network.h"

namespace colonnade {
namespace {

using std::chrono::steady_clock;

class PackingScenario : public ::testing::Test {
 protected:
  void SetUp() override { PushGlyphs(client()); }
  client::Client& client() { return daemon_.client(); }
  std::string Submit(const client::JobOptions& options) {
    const auto job = client().SubmitJob(options);
    EXPECT_TRUE(job.ok()) << job.status().message();
    return job->name;
  }
  void AwaitStage(const std::string& job, client::JobStage stage) {
    const auto watched =
        client().WatchJob(job, 1, [&](const client::JobEvent& e) { return e.stage != stage || e.done == 0; });
    EXPECT_TRUE(watched.ok()) << watched.message();
  }

  RunningDaemon daemon_;
};

TEST_F(PackingScenario, ServesWhatItPacked) {
  const client::Job job = Await(client(), Submit(GlyphJob("digits")));
  ASSERT_EQ(job.state, client::JobState::kSucceeded) << job.error.message();
  const client::JobResult& result = *job.result;
  EXPECT_GE(result.dense.columns, 3 * result.packed.columns);
  EXPECT_GT(result.dense.cycles, result.packed.cycles);
  EXPECT_GT(result.quantized_accuracy, kGlyphFloor);
  EXPECT_EQ(result.accuracy_source, "evaluation");
  EXPECT_EQ(result.data_used, kGlyphTrain);
  EXPECT_EQ(result.data_ceiling, kGlyphTrain);
  for (const char* executor : {"kernels", "reference"}) {
    EXPECT_DOUBLE_EQ(ServedAccuracy(client(), "digits", GlyphTest(), executor), result.quantized_accuracy) << executor;
  }
}

TEST_F(PackingScenario, WithoutRepairAndRetrainingTheAccuracyIsLost) {
  const client::Job job = Await(client(), Submit(GlyphJob("untrained", R"(
packing: {alpha: 4, compensate: false}
training: {epochs_per_round: 0, final_epochs: 0})")));
  ASSERT_EQ(job.state, client::JobState::kSucceeded) << job.error.message();
  EXPECT_LT(job.result->quantized_accuracy, kGlyphFloor);
}

TEST_F(PackingScenario, LearnsWithoutTrainingData) {
  client::JobOptions options = GlyphJob("free", R"(
packing: {alpha: 4}
training: {mode: data_free, synthetic_images: 200, final_epochs: 10})");
  options.dataset.clear();
  const client::Job job = Await(client(), Submit(options));
  ASSERT_EQ(job.state, client::JobState::kSucceeded) << job.error.message();
  EXPECT_GT(job.result->quantized_accuracy, 0.5);  // one in ten by chance
  EXPECT_EQ(job.result->data_ceiling, 0);
  EXPECT_FALSE(client().GetDataset("train")->erasure) << "no job has used it";
}

TEST_F(PackingScenario, CancelsWithinFiveSeconds) {
  const std::string job = Submit(GlyphJob("never", "training: {final_epochs: 10000}"));
  AwaitStage(job, client::JobStage::kFinalTraining);
  const auto asked = steady_clock::now();
  ASSERT_TRUE(client().CancelJob(job).ok());
  EXPECT_EQ(Await(client(), job).state, client::JobState::kCancelled);
  EXPECT_LT(steady_clock::now() - asked, std::chrono::seconds(5));
  EXPECT_EQ(client().GetArtifact("never").status().code(), client::Code::kNotFound);
}

TEST_F(PackingScenario, SurvivesTheDaemonsDeath) {
  const std::string job = Submit(GlyphJob("digits", "{packing: {alpha: 4}, training: {final_epochs: 60}}"));
  AwaitStage(job, client::JobStage::kFinalTraining);
  const auto before = *client().GetJob(job);
  daemon_.Kill();
  daemon_.Restart();
  EXPECT_TRUE(client().GetModel("glyphs").ok());
  EXPECT_EQ(client().GetSource("glyphs")->used, kGlyphTrain);
  std::vector<int64_t> sequence;
  std::set<int64_t> epochs;
  ASSERT_TRUE(client()
                  .WatchJob(job, 1,
                            [&](const client::JobEvent& event) {
                              sequence.push_back(event.sequence);
                              if (event.stage == client::JobStage::kFinalTraining && event.loss)
                                epochs.insert(event.done);
                              return true;
                            })
                  .ok());
  for (size_t i = 0; i < sequence.size(); ++i) EXPECT_EQ(sequence[i], int64_t(i) + 1);
  EXPECT_GT(int64_t(sequence.size()), before.last_sequence);
  EXPECT_EQ(epochs.size(), 60u);
  const auto after = *client().GetJob(job);
  EXPECT_EQ(after.state, client::JobState::kSucceeded) << after.error.message();
  EXPECT_EQ(after.attempts, 2);
  EXPECT_GT(after.result->quantized_accuracy, kGlyphFloor);
}

TEST_F(PackingScenario, ContinuesAfterAnOrderlyStop) {
  const std::string job = Submit(GlyphJob("digits", "{packing: {alpha: 4}, training: {final_epochs: 40}}"));
  AwaitStage(job, client::JobStage::kFinalTraining);
  EXPECT_EQ(daemon_.Stop(), 0);
  daemon_.Restart();
  EXPECT_EQ(Await(client(), job).state, client::JobState::kSucceeded);
}

TEST_F(PackingScenario, ErasesTheDataWhenTheJobHasEnded) {
  Await(client(), Submit(GlyphJob("digits", "training: {rounds: 1, final_epochs: 1}")));
  for (int i = 0; i < 100 && client().ListErasures()->size() < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(client().GetDataset("train")->erasure->reason, "jobs_finished");
  EXPECT_EQ(client().ListErasures()->size(), 2u);
  ASSERT_TRUE(client().PushDataset(GlyphTrain(), GlyphOptions("train")).ok()) << "uploading again costs no budget";
  EXPECT_EQ(client().GetSource("glyphs")->used, kGlyphTrain);
}

// Whatever its operations, a network that is accepted packs and serves, and both
// executors answer alike.
TEST(Architectures, InspectPackAndServe) {
  RunningDaemon daemon;
  client::Client& client = daemon.client();
  for (uint64_t seed = 101; seed <= 110; ++seed) {
    SCOPED_TRACE(seed);
    const std::string name = "net" + std::to_string(seed);
    const nn::Network network = RandomNetwork(seed, {.batch_norms = seed % 2 == 0, .softmax = seed % 3 == 0});
    const auto model = client.PushModel(name, onnx::ExportOnnx(network));
    ASSERT_TRUE(model.ok()) << model.status().message();
    client::Records records;
    records.channels = network.input_shape().channels;
    records.height = network.input_shape().height;
    records.width = network.input_shape().width;
    records.classes = 2;
    for (int i = 0; i < 40; ++i) records.labels.push_back(uint32_t(i % 2));
    for (int64_t i = 0; i < 40 * network.input_shape().size(); ++i)
      records.pixels.push_back(uint8_t(seed * 77 + i * i));
    client::DatasetOptions options = GlyphOptions(name);
    options.source = name;
    ASSERT_TRUE(client.PushDataset(records, options).ok());
    client::JobOptions job{.model = name, .dataset = name, .artifact = name};
    job.recipe = *client::RecipeFromYaml("training: {rounds: 1, final_epochs: 1, learning_rate: 0.001}");
    const auto submitted = client.SubmitJob(job);
    ASSERT_TRUE(submitted.ok()) << submitted.status().message();
    const client::Job ended = Await(client, submitted->name);
    ASSERT_EQ(ended.state, client::JobState::kSucceeded) << ended.error.message();
    EXPECT_LT(ended.result->packed.columns, ended.result->dense.columns);
    EXPECT_EQ(ServedAccuracy(client, name, records, "kernels"), ServedAccuracy(client, name, records, "reference"));
  }
}

}  // namespace
}  // namespace colonnade
