// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/worker/worker_fixture.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "server/onnx/export.h"
#include "server/sealed/stream.h"
#include "tests/support/glyphs.h"
#include "tests/support/recipes.h"

namespace colonnade {
namespace {

std::string Records(const training::Samples& samples) {
  std::string bytes;
  for (int64_t i = 0; i < samples.size(); ++i) {
    for (int shift = 0; shift < 32; shift += 8) bytes += char(uint32_t(samples.labels[size_t(i)]) >> shift);
    const auto image = samples.image(i);
    bytes.append(image.begin(), image.end());
  }
  return bytes;
}

const std::string& GlyphModel() {
  static const std::string bytes = onnx::ExportOnnx(TrainedGlyphNetwork());
  return bytes;
}

}  // namespace

std::vector<v1::JobStage> Attempt::stages() const {
  std::vector<v1::JobStage> stages;
  for (const v1::JobEvent& event : events) {
    if (stages.empty() || stages.back() != event.stage()) stages.push_back(event.stage());
  }
  return stages;
}

int Attempt::epochs() const { return int(std::count_if(events.begin(), events.end(), IsTrainedEpoch)); }

bool IsTrainedEpoch(const v1::JobEvent& event) { return event.has_loss(); }

worker::v1::ToWorker StartMessage(const worker::v1::Start& start) {
  worker::v1::ToWorker message;
  *message.mutable_start() = start;
  return message;
}

worker::v1::ToWorker CancelMessage() {
  worker::v1::ToWorker message;
  message.mutable_cancel();
  return message;
}

WorkerTest::WorkerTest() : evaluation_(DrawGlyphs(200, 3)) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  folder_ = std::filesystem::path(testing::TempDir()) / (std::string("worker.") + test->name());
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  StoreModel();
  StoreTraining(DrawGlyphs(300, 2));
  *start_.mutable_evaluation() = Store("evaluation", evaluation_);
  *start_.mutable_recipe() = QuickRecipe();
  start_.set_job("job-0123456789abcdef");
  start_.set_tenant("default");
  start_.set_array("16x18a8");
  start_.set_work_dir(folder_.string());
  start_.set_artifact_path(Path("artifact"));
  start_.set_artifact_name("glyphs");
  start_.set_artifact_version(7);
  start_.set_data_used(300);
  start_.set_data_ceiling(400);
}

WorkerTest::~WorkerTest() { std::filesystem::remove_all(folder_); }

void WorkerTest::StoreModel() {
  start_.set_model_path(Path("model.onnx"));
  start_.set_model_name("glyph-net");
  std::ofstream(start_.model_path(), std::ios::binary) << GlyphModel();
}

void WorkerTest::StoreTraining(const training::Samples& samples) { *start_.mutable_train() = Store("train", samples); }

worker::v1::DataFile WorkerTest::Store(const std::string& name, const training::Samples& samples) const {
  const sealed::Key key = sealed::Key::Generate();
  worker::v1::DataFile file;
  file.set_path(Path(name));
  file.set_key(std::string(key.bytes()));
  file.set_context("dataset " + name);
  file.mutable_shape()->set_channels(samples.shape.channels);
  file.mutable_shape()->set_height(samples.shape.height);
  file.mutable_shape()->set_width(samples.shape.width);
  file.mutable_normalization()->add_mean(samples.mean[0]);
  file.mutable_normalization()->add_deviation(samples.deviation[0]);
  file.set_records(samples.size());
  file.set_classes(10);
  const absl::Status stored = sealed::PublishSealed(file.path(), Records(samples), key, file.context());
  EXPECT_TRUE(stored.ok()) << stored;
  return file;
}

std::unique_ptr<HelperProcess> WorkerTest::StartWorker() const {
  auto helper = HelperProcess::Start(COLONNADE_WORKER);
  EXPECT_TRUE(helper.ok()) << helper.status();
  EXPECT_TRUE((*helper)->Send(StartMessage(start_).SerializeAsString()).ok());
  return *std::move(helper);
}

Attempt WorkerTest::Run(const OnEvent& on_event) const {
  const auto helper = StartWorker();
  Attempt attempt;
  for (;;) {
    const auto frame = helper->Receive(kPatience);
    if (!frame.ok()) break;
    worker::v1::FromWorker message;
    EXPECT_TRUE(message.ParseFromString(*frame));
    if (message.has_finished()) attempt.finished = message.finished();
    if (!message.has_event()) continue;
    attempt.events.push_back(message.event());
    if (on_event) on_event(message.event(), *helper);
  }
  attempt.end = helper->WaitForEnd(kPatience);
  return attempt;
}

std::string WorkerTest::Content(const std::string& name) const {
  std::stringstream bytes;
  bytes << std::ifstream(Path(name), std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace colonnade
