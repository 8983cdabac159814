// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "server/artifact/file.h"
#include "server/serving/artifact_model.h"
#include "tests/support/glyphs.h"
#include "tests/unit/worker/worker_fixture.h"

namespace colonnade {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kEpochs = 14;

// Lets the job train for hours.
void TrainLong(worker::v1::Start& start) { start.mutable_recipe()->mutable_training()->set_final_epochs(10000); }

// Kills the worker when it has trained so many epochs.
OnEvent KillAfter(int epochs) {
  return [=, trained = 0](const v1::JobEvent& event, HelperProcess& helper) mutable {
    if (IsTrainedEpoch(event) && ++trained == epochs) helper.Kill();
  };
}

// What goes to standard error from here on, here and in the workers.
class StandardError {
 public:
  explicit StandardError(const std::string& path) : kept_(::dup(STDERR_FILENO)) {
    const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  ~StandardError() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }

 private:
  const int kept_;
};

// Neither gone nor a zombie.
bool IsRunning(pid_t pid) {
  std::string line;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", pid)), line);
  return !line.empty() && line.find(") Z ") == std::string::npos;
}

TEST_F(WorkerTest, MakesAnArtifact) {
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0) << attempt.end << attempt.finished->outcome().message();
  EXPECT_EQ(attempt.end, "exit code 0");
  EXPECT_EQ(attempt.finished->stage(), v1::JOB_STAGE_PUBLISH);
  const auto artifact = artifact::ReadArtifact(Path("artifact"));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->manifest.name, "glyphs");
  EXPECT_EQ(artifact->manifest.version, 7);
  EXPECT_EQ(artifact->manifest.model, "glyph-net");
  EXPECT_EQ(artifact->manifest.normalization.mean, std::vector<double>{0.3});
  EXPECT_THAT(artifact->manifest.recipe_json, HasSubstr("\"finalEpochs\":10"));
  EXPECT_EQ(int64_t(Content("artifact").size()), attempt.finished->artifact_bytes());
}

TEST_F(WorkerTest, ReportsWhatItMeasured) {
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0);
  const v1::JobResult& result = attempt.finished->result();
  EXPECT_GT(result.dense_accuracy(), 0.9);
  EXPECT_GT(result.quantized_accuracy(), 0.8);
  EXPECT_EQ(result.accuracy_source(), "evaluation");
  EXPECT_EQ(result.accuracy_images(), 200);
  EXPECT_EQ(result.artifact_version(), 7);
  EXPECT_EQ(result.data_used(), 300);
  EXPECT_EQ(result.data_ceiling(), 400);
  EXPECT_EQ(result.epochs(), kEpochs);
  EXPECT_GT(result.stage_seconds().at("import"), 0);
  EXPECT_GT(result.stage_seconds().at("publish"), 0);
  const auto artifact = artifact::ReadArtifact(Path("artifact"));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->report.data_used, 300);
  EXPECT_EQ(artifact->report.quantized_accuracy, result.quantized_accuracy());
}

TEST_F(WorkerTest, CalibratesAndCorrectsAsTheRecipeSays) {
  v1::QuantizationSettings& settings = *start_.mutable_recipe()->mutable_quantization();
  settings.set_calibration(v1::QuantizationSettings::PERCENTILE);
  settings.set_percentile(99);
  settings.set_bias_correction(true);
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0);
  EXPECT_TRUE(attempt.finished->result().has_dense_quantized_accuracy());
  const auto artifact = artifact::ReadArtifact(Path("artifact"));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_THAT(artifact->manifest.recipe_json, HasSubstr(R"("calibration":"PERCENTILE","percentile":99,)"));
  EXPECT_THAT(artifact->manifest.recipe_json, HasSubstr(R"("biasCorrection":true)"));
  EXPECT_THAT(artifact->report.report_json, HasSubstr(R"("signal_to_noise_db")"));
}

TEST_F(WorkerTest, EventsTellTheStagesInOrder) {
  const Attempt attempt = Run();
  EXPECT_THAT(attempt.stages(),
              testing::ElementsAre(v1::JOB_STAGE_IMPORT, v1::JOB_STAGE_BASELINE, v1::JOB_STAGE_PACK,
                                   v1::JOB_STAGE_FINAL_TRAINING, v1::JOB_STAGE_QUANTIZE, v1::JOB_STAGE_COMPILE,
                                   v1::JOB_STAGE_VERIFY, v1::JOB_STAGE_EVALUATE, v1::JOB_STAGE_PUBLISH));
  EXPECT_EQ(attempt.epochs(), kEpochs);
}

TEST_F(WorkerTest, ServesRawPixelsWhenTheRecipeSaysSo) {
  start_.mutable_recipe()->mutable_quantization()->set_input_type(v1::QuantizationSettings::UINT8);
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0);
  const auto model = serving::LoadArtifact({"glyphs", 7, Path("artifact")});
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ((*model)->info().input_type, serving::DataType::kUint8);
  const std::string pixels(evaluation_.pixels.begin(), evaluation_.pixels.end());
  std::vector<float> logits(size_t(evaluation_.size()) * 10);
  ASSERT_TRUE((*model)->Run("kernels", pixels, logits).ok());
  int correct = 0;
  for (size_t i = 0; i < evaluation_.labels.size(); ++i) {
    const auto row = logits.begin() + int64_t(i) * 10;
    correct += std::max_element(row, row + 10) - row == evaluation_.labels[i];
  }
  EXPECT_DOUBLE_EQ(correct / 200.0, attempt.finished->result().quantized_accuracy());
}

TEST_F(WorkerTest, HoldsOutRecordsWithoutEvaluationData) {
  start_.clear_evaluation();
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0);
  EXPECT_EQ(attempt.finished->result().accuracy_source(), "held_out");
}

TEST_F(WorkerTest, NeedsNoTrainingDataInModeDataFree) {
  start_.clear_train();
  start_.set_data_used(0);
  start_.set_data_ceiling(0);
  v1::TrainingSettings& training = *start_.mutable_recipe()->mutable_training();
  training.set_mode(v1::TrainingSettings::DATA_FREE);
  training.set_synthetic_images(200);
  const Attempt attempt = Run();
  ASSERT_EQ(attempt.code(), 0) << attempt.finished->outcome().message();
  EXPECT_GT(attempt.finished->result().quantized_accuracy(), 0.5);  // one in ten by chance
  const auto artifact = artifact::ReadArtifact(Path("artifact"));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->manifest.normalization.mean, std::vector<double>{0.3});
}

TEST_F(WorkerTest, ACancelEndsItWithinFiveSecondsAndWithoutFinished) {
  TrainLong(start_);
  absl::Time cancelled = absl::InfinitePast();
  const Attempt attempt = Run([&](const v1::JobEvent& event, HelperProcess& helper) {
    if (!IsTrainedEpoch(event) || cancelled != absl::InfinitePast()) return;
    EXPECT_TRUE(helper.Send(CancelMessage().SerializeAsString()).ok());
    cancelled = absl::Now();
  });
  ASSERT_NE(cancelled, absl::InfinitePast());
  EXPECT_LT(absl::Now() - cancelled, absl::Seconds(5));
  EXPECT_FALSE(attempt.finished);
  EXPECT_EQ(attempt.end, "exit code 3");
  EXPECT_FALSE(std::filesystem::exists(Path("artifact")));
}

TEST_F(WorkerTest, AKilledJobContinuesToTheSameArtifact) {
  ASSERT_EQ(Run().code(), 0);
  const auto whole = artifact::ReadArtifact(Path("artifact"));
  std::filesystem::remove(Path("artifact"));
  std::filesystem::remove(Path("checkpoint"));
  EXPECT_EQ(Run(KillAfter(3)).end, "signal 9 (Killed)");
  EXPECT_EQ(Run(KillAfter(4)).end, "signal 9 (Killed)");
  EXPECT_FALSE(std::filesystem::exists(Path("artifact")));
  const Attempt last = Run();
  ASSERT_EQ(last.code(), 0);
  EXPECT_LE(last.epochs(), kEpochs - 5);  // at most one epoch of each attempt was lost
  const auto continued = artifact::ReadArtifact(Path("artifact"));
  ASSERT_TRUE(whole.ok() && continued.ok());
  EXPECT_EQ(continued->self_tests, whole->self_tests);
  EXPECT_EQ(continued->report.quantized_accuracy, whole->report.quantized_accuracy);
}

TEST_F(WorkerTest, AForeignCheckpointIsIgnored) {
  std::ofstream(Path("checkpoint")) << std::string(1000, 'x');
  const Attempt attempt = Run();
  EXPECT_EQ(attempt.code(), 0);
  EXPECT_EQ(attempt.epochs(), kEpochs);
}

TEST_F(WorkerTest, EndsWhenTheDaemonDies) {
  TrainLong(start_);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    const auto worker = StartWorker();
    const pid_t pid = worker->pid();
    for (int messages = 0; messages < 8; ++messages) (void)worker->Receive(kPatience);
    (void)!::write(ends[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t worker = 0;
  ASSERT_EQ(::read(ends[0], &worker, sizeof worker), ssize_t(sizeof worker));
  ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
  for (const absl::Time end = absl::Now() + absl::Seconds(5); absl::Now() < end && IsRunning(worker);) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_FALSE(IsRunning(worker));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(WorkerTest, AWrongKeyIsDataLoss) {
  start_.mutable_train()->mutable_key()->at(0) ^= 1;
  const Attempt attempt = Run();
  EXPECT_EQ(attempt.code(), int(absl::StatusCode::kDataLoss));
  EXPECT_EQ(attempt.finished->stage(), v1::JOB_STAGE_IMPORT);
  EXPECT_EQ(attempt.end, "exit code 0");
  EXPECT_FALSE(std::filesystem::exists(Path("artifact")));
}

TEST_F(WorkerTest, AHostileModelIsAnErrorWithItsField) {
  start_.set_model_path(COLONNADE_SOURCE_DIR "/tests/golden/onnx/crash_max_pool_stride_zero.onnx");
  const Attempt attempt = Run();
  EXPECT_EQ(attempt.code(), int(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(attempt.finished->outcome().field(), HasSubstr("strides[0]"));
  EXPECT_EQ(attempt.finished->stage(), v1::JOB_STAGE_IMPORT);
}

TEST_F(WorkerTest, ChecksTheRecipeAgain) {
  start_.mutable_recipe()->mutable_packing()->set_alpha(9);
  const Attempt attempt = Run();
  EXPECT_EQ(attempt.finished->outcome().message(), "recipe.packing.alpha: 9 is not within 1 to 8");
  EXPECT_EQ(attempt.finished->outcome().field(), "recipe.packing.alpha");
}

TEST_F(WorkerTest, NothingOfARecordGetsOut) {
  const std::string canary = "canary of a hundred pixels";
  training::Samples samples = DrawGlyphs(300, 2);
  for (int64_t i = 0; i < 50; ++i) {
    std::copy(canary.begin(), canary.end(), samples.pixels.begin() + i * samples.shape.size());
  }
  StoreTraining(samples);
  Attempt attempt;
  {
    const StandardError redirected(Path("stderr"));
    attempt = Run();
  }
  ASSERT_EQ(attempt.code(), 0);
  const std::string key = start_.train().key();
  std::string said = attempt.finished->SerializeAsString();
  for (const v1::JobEvent& event : attempt.events) said += event.SerializeAsString();
  for (const std::string& bytes : {Content("artifact"), Content("checkpoint"), Content("stderr"), said}) {
    EXPECT_THAT(bytes, Not(HasSubstr(canary.substr(0, 8))));
    EXPECT_THAT(bytes, Not(HasSubstr(key)));
  }
  EXPECT_FALSE(Content("checkpoint").empty());
  EXPECT_THAT(Content("checkpoint"), Not(HasSubstr("CLNDCKP1")));
}

TEST(Worker, ByHandItTellsItsUsage) {
  const auto by_hand = HelperProcess::Start(COLONNADE_WORKER, {"--help"});
  ASSERT_TRUE(by_hand.ok()) << by_hand.status();
  EXPECT_EQ((*by_hand)->WaitForEnd(kPatience), "exit code 2");
  const auto without_start = HelperProcess::Start(COLONNADE_WORKER);
  ASSERT_TRUE(without_start.ok()) << without_start.status();
  ASSERT_TRUE((*without_start)->Send(CancelMessage().SerializeAsString()).ok());
  EXPECT_EQ((*without_start)->WaitForEnd(kPatience), "exit code 2");
}

}  // namespace
}  // namespace colonnade
