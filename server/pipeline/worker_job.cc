// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/worker_job.h"

#include <fmt/format.h>

#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "google/protobuf/util/json_util.h"
#include "server/artifact/file.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/executors/array_executor.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"
#include "server/pipeline/packing_job.h"
#include "server/pipeline/records.h"
#include "server/recipe/recipe.h"
#include "server/sealed/stream.h"

namespace colonnade::pipeline {
namespace {

using training::Samples;
using worker::v1::Finished;
using worker::v1::Start;

constexpr int64_t kMaxDataBytes = int64_t{16} << 30;  // of one data set, decrypted
constexpr int64_t kMaxCheckpointBytes = int64_t{4} << 30;

absl::StatusOr<Samples> OpenSamples(const worker::v1::DataFile& file) {
  COLONNADE_ASSIGN_OR_RETURN(const sealed::Key key, sealed::Key::FromBytes(file.key()));
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes,
                             sealed::OpenFile(file.path(), key, file.context(), kMaxDataBytes));
  return ParseRecords(bytes, file);
}

absl::StatusOr<nn::Network> OpenModel(const std::string& path) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, onnx::kMaxModelBytes));
  COLONNADE_ASSIGN_OR_RETURN(onnx::Imported imported, onnx::ImportOnnx(bytes));
  return std::move(imported.network);
}

artifact::Size SizeOf(const v1::Measured& measured) {
  return {measured.columns(), measured.tiles(), measured.cycles(), measured.weight_bytes()};
}

artifact::Report ReportOf(const v1::JobResult& result) {
  return {.dense_accuracy = result.dense_accuracy(),
          .packed_accuracy = result.packed_accuracy(),
          .quantized_accuracy = result.quantized_accuracy(),
          .accuracy_source = result.accuracy_source(),
          .images_evaluated = result.accuracy_images(),
          .dense = SizeOf(result.dense()),
          .packed = SizeOf(result.packed()),
          .packing_efficiency = result.packing_efficiency(),
          .packing_efficiency_tiled = result.packing_efficiency_tiled(),
          .data_used = result.data_used(),
          .data_ceiling = result.data_ceiling(),
          .report_json = result.report_json()};
}

class WorkerJob {
 public:
  WorkerJob(const Start& start, Progress::Sink sink, std::stop_token stop)
      : start_(start), progress_(std::move(sink)), stop_(std::move(stop)) {}

  absl::Status Run(Finished& finished);
  v1::JobStage stage() const { return progress_.stage(); }

 private:
  absl::StatusOr<JobInputs> Import();
  absl::StatusOr<JobHooks> MakeHooks() const;
  absl::Status Publish(const PackedNetwork& packed, const v1::JobResult& result, Finished& finished);
  artifact::Manifest ManifestOf(const std::string& recipe_json) const;
  // What the job is about: the training data, without them the evaluation data.
  const worker::v1::DataFile& MainData() const { return start_.has_train() ? start_.train() : start_.evaluation(); }
  bool raw_pixels() const { return recipe_.quantization().input_type() == v1::QuantizationSettings::UINT8; }

  const Start& start_;
  Progress progress_;
  std::stop_token stop_;
  v1::Recipe recipe_;
  artifact::Normalization normalization_;
};

absl::StatusOr<JobInputs> WorkerJob::Import() {
  JobInputs inputs;
  COLONNADE_ASSIGN_OR_RETURN(inputs.array, array::ParseArrayConfig(start_.array()));
  COLONNADE_ASSIGN_OR_RETURN(recipe_, recipe::Resolve(start_.recipe(), inputs.array.alpha));
  inputs.recipe = recipe_;
  COLONNADE_ASSIGN_OR_RETURN(inputs.network, OpenModel(start_.model_path()));
  if (start_.has_train()) {
    COLONNADE_ASSIGN_OR_RETURN(inputs.train, OpenSamples(start_.train()));
  }
  if (start_.has_evaluation()) {
    COLONNADE_ASSIGN_OR_RETURN(inputs.evaluation, OpenSamples(start_.evaluation()));
  }
  if (MainData().normalization().mean_size() > 0 || raw_pixels()) {
    const training::Samples& samples = start_.has_train() ? inputs.train : *inputs.evaluation;
    normalization_ = {samples.mean, samples.deviation};
  }
  return inputs;
}

absl::StatusOr<JobHooks> WorkerJob::MakeHooks() const {
  const std::string path = start_.work_dir() + "/checkpoint", context = start_.job() + ":checkpoint";
  COLONNADE_ASSIGN_OR_RETURN(const sealed::Key key, sealed::Key::FromBytes(MainData().key()));
  JobHooks hooks;
  hooks.stop = stop_;
  hooks.save = [=](const std::string& bytes) { return sealed::PublishSealed(path, bytes, key, context); };
  absl::StatusOr<std::string> checkpoint = sealed::OpenFile(path, key, context, kMaxCheckpointBytes);
  if (checkpoint.ok()) hooks.checkpoint = *std::move(checkpoint);
  return hooks;
}

artifact::Manifest WorkerJob::ManifestOf(const std::string& recipe_json) const {
  artifact::Manifest manifest;
  manifest.name = start_.artifact_name();
  manifest.version = start_.artifact_version();
  manifest.tenant = start_.tenant();
  manifest.job = start_.job();
  manifest.model = start_.model_name();
  manifest.create_time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  manifest.input_type = raw_pixels() ? artifact::InputType::kUint8 : artifact::InputType::kFp32;
  manifest.normalization = normalization_;
  manifest.recipe_json = recipe_json;
  for (const std::string_view name : executors::ExecutorNames()) manifest.executors.emplace_back(name);
  return manifest;
}

absl::Status WorkerJob::Publish(const PackedNetwork& packed, const v1::JobResult& result, Finished& finished) {
  progress_.Enter(v1::JOB_STAGE_PUBLISH, 0, "");
  std::string recipe_json;
  if (!google::protobuf::util::MessageToJsonString(recipe_, &recipe_json).ok()) {
    return absl::InternalError("recipe: cannot be written as JSON");
  }
  const artifact::Artifact artifact{ManifestOf(recipe_json), ReportOf(result), packed.program, packed.self_tests};
  COLONNADE_ASSIGN_OR_RETURN(const artifact::WrittenFile file,
                             artifact::WriteArtifact(start_.artifact_path(), artifact));
  finished.set_artifact_sha256(file.sha256);
  finished.set_artifact_bytes(file.bytes);
  return absl::OkStatus();
}

absl::Status WorkerJob::Run(Finished& finished) {
  progress_.Enter(v1::JOB_STAGE_IMPORT, 0, "");
  COLONNADE_ASSIGN_OR_RETURN(JobInputs inputs, Import());
  COLONNADE_ASSIGN_OR_RETURN(const JobHooks hooks, MakeHooks());
  COLONNADE_ASSIGN_OR_RETURN(const PackedNetwork packed, RunPackingJob(std::move(inputs), hooks, progress_));
  v1::JobResult result = packed.result;
  result.set_artifact_version(start_.artifact_version());
  result.set_data_used(start_.data_used());
  result.set_data_ceiling(start_.data_ceiling());
  COLONNADE_RETURN_IF_ERROR(Publish(packed, result, finished));
  for (const auto& [stage, seconds] : progress_.stage_seconds()) (*result.mutable_stage_seconds())[stage] = seconds;
  *finished.mutable_result() = std::move(result);
  return absl::OkStatus();
}

}  // namespace

Finished RunWorkerJob(const Start& start, Progress::Sink sink, std::stop_token stop) {
  Finished finished;
  WorkerJob job(start, std::move(sink), std::move(stop));
  absl::Status status;
  try {
    status = job.Run(finished);
  } catch (const std::bad_alloc&) {
    status = absl::ResourceExhaustedError("job: out of memory; use fewer images or a smaller model");
  }
  finished.set_stage(job.stage());
  finished.mutable_outcome()->set_code(int(status.code()));
  finished.mutable_outcome()->set_message(std::string(Message(status)));
  finished.mutable_outcome()->set_field(FieldOf(status));
  return finished;
}

}  // namespace colonnade::pipeline
