// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "server/base/status.h"
#include "server/jobs/image_messages.h"
#include "server/jobs/models.h"
#include "server/jobs/outcome.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"

namespace colonnade::jobs {
namespace {

constexpr absl::Duration kAfterTrouble = absl::Seconds(1);

worker::v1::DataFile ToDataFile(const privacy::OpenDataset& data) {
  const privacy::DatasetSpec& spec = data.info.spec;
  worker::v1::DataFile file;
  file.set_path(data.path);
  file.set_key(std::string(data.key.bytes()));
  file.set_context(data.context);
  *file.mutable_shape() = ToMessage(spec.shape);
  *file.mutable_normalization() = ToMessage(spec.mean, spec.deviation);
  file.set_records(spec.records);
  file.set_classes(spec.classes);
  return file;
}

// The worker's word on how far it is, without what only the daemon says.
v1::JobEvent Progress(v1::JobEvent event) {
  event.set_state(v1::JOB_STATE_RUNNING);
  return event;
}

// As opposed to one of this machine, which may pass.
bool IsFaultOfTheFile(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsInvalidArgument(status) ||
         absl::IsFailedPrecondition(status);
}

}  // namespace

absl::Status JobRunner::Run(JobRecord record) {
  const std::string name = record.job.name();
  const Interrupts::Flag interrupt = world_.interrupts.Enter(name);
  const absl::StatusOr<WorkerEnd> end = Work(record, *interrupt);
  absl::Status settled = SettleOnce(record, end);
  while (!settled.ok() && interrupt->load() != Interrupt::kShutdown) {
    spdlog::error("{}: its end cannot be stored, trying again: {}", name, Message(settled));
    absl::SleepFor(kAfterTrouble);
    settled = SettleOnce(record, end);
  }
  world_.interrupts.Leave(name);
  return settled;
}

absl::Status JobRunner::SettleOnce(JobRecord& record, const absl::StatusOr<WorkerEnd>& end) {
  const std::lock_guard lock(world_.references);
  JobRecord settled = record;
  COLONNADE_RETURN_IF_ERROR(Settle(settled, end));
  record = std::move(settled);
  spdlog::info("{} is {}", record.job.name(), StateName(record.job.state()));
  if (IsFinal(record.job.state())) CleanUp(record.job);
  return absl::OkStatus();
}

// A cancellation that came before the job could be signalled.
absl::Status JobRunner::HearEarlierCancel(const v1::Job& job) {
  COLONNADE_ASSIGN_OR_RETURN(const JobRecord now, ReadRows<JobRecord>(world_.database, [&](store::Connection& rows) {
                               return FindJob(rows, job.tenant(), job.name());
                             }));
  if (now.cancel_asked) world_.interrupts.Signal(job.name(), Interrupt::kCancel);
  return absl::OkStatus();
}

absl::Status JobRunner::OpenTraining(const v1::Job& job, worker::v1::Start& start) {
  if (job.dataset().empty()) return absl::OkStatus();
  COLONNADE_ASSIGN_OR_RETURN(const auto train,
                             world_.vault.OpenForJob(job.tenant(), job.dataset(), privacy::Role::kTrain));
  *start.mutable_train() = ToDataFile(train);
  COLONNADE_ASSIGN_OR_RETURN(const auto source, world_.vault.GetSource(job.tenant(), train.info.spec.source));
  start.set_data_used(source.used);
  start.set_data_ceiling(source.ceiling);
  return absl::OkStatus();
}

absl::StatusOr<worker::v1::Start> JobRunner::Prepare(const JobRecord& record) {
  const v1::Job& job = record.job;
  worker::v1::Start start;
  COLONNADE_ASSIGN_OR_RETURN(const v1::Model model, ReadRows<v1::Model>(world_.database, [&](store::Connection& rows) {
                               return Models::Find(rows, job.tenant(), job.model());
                             }));
  COLONNADE_RETURN_IF_ERROR(OpenTraining(job, start));
  if (!job.evaluation().empty()) {
    COLONNADE_ASSIGN_OR_RETURN(const auto evaluation,
                               world_.vault.OpenForJob(job.tenant(), job.evaluation(), privacy::Role::kEvaluation));
    *start.mutable_evaluation() = ToDataFile(evaluation);
  }
  std::error_code error;
  std::filesystem::create_directories(FolderOf(job), error);
  if (error) return absl::InternalError(fmt::format("{}: {}", FolderOf(job), error.message()));
  start.set_job(job.name());
  start.set_tenant(job.tenant());
  start.set_model_path(world_.blobs.Path(model.sha256()));
  start.set_model_name(job.model());
  *start.mutable_recipe() = job.recipe();
  start.set_array(job.array());
  start.set_work_dir(FolderOf(job));
  start.set_artifact_path(world_.blobs.IncomingPath(job.name()));
  start.set_artifact_name(job.artifact());
  start.set_artifact_version(record.reserved_version);
  return start;
}

absl::StatusOr<WorkerEnd> JobRunner::Work(JobRecord& record, const std::atomic<Interrupt>& interrupt) {
  COLONNADE_RETURN_IF_ERROR(HearEarlierCancel(record.job));
  COLONNADE_ASSIGN_OR_RETURN(const worker::v1::Start start, Prepare(record));
  return RunWorker(world_.worker, start, interrupt,
                   [&](const v1::JobEvent& event) { return world_.log.Append(record, Progress(event)); });
}

absl::Status JobRunner::Settle(JobRecord& record, const absl::StatusOr<WorkerEnd>& end) {
  if (!end.ok()) return Fail(record, end.status(), record.job.stage());
  switch (end->kind) {
    case WorkerEnd::Kind::kFinished: return SettleFinished(record, end->finished);
    case WorkerEnd::Kind::kInterrupted: return SettleInterrupted(record, end->interrupt);
    case WorkerEnd::Kind::kLost: break;
  }
  return SettleLost(record, end->how);
}

absl::Status JobRunner::SettleFinished(JobRecord& record, const worker::v1::Finished& finished) {
  const absl::Status outcome = ToStatus(finished.outcome());
  if (!outcome.ok()) return Fail(record, outcome, finished.stage());
  if (record.job.state() != v1::JOB_STATE_RUNNING) {
    return Fail(record, absl::InternalError("the worker reported success without having worked"), finished.stage());
  }
  const absl::Status published = Publish(record, finished);
  return IsFaultOfTheFile(published) ? Fail(record, published, v1::JOB_STAGE_PUBLISH) : published;
}

absl::Status JobRunner::Publish(JobRecord& record, const worker::v1::Finished& finished) {
  FinishedArtifact made{
      record.job.tenant(),        record.job.artifact(),     record.job.name(),
      record.job.model(),         record.reserved_version,   world_.blobs.IncomingPath(record.job.name()),
      finished.artifact_sha256(), finished.artifact_bytes(), finished.result()};
  made.result.set_artifact_version(record.reserved_version);
  COLONNADE_ASSIGN_OR_RETURN(const v1::Artifact artifact, world_.artifacts.Admit(made));
  JobRecord ended = record;
  *ended.job.mutable_result() = made.result;
  v1::JobEvent event;
  event.set_state(v1::JOB_STATE_SUCCEEDED);
  event.set_stage(v1::JOB_STAGE_PUBLISH);
  event.set_message(fmt::format("published '{}' version {}", artifact.name(), artifact.version()));
  // Served before anybody can see the job's end.
  world_.artifacts.Announce(artifact);
  const absl::Status stored =
      world_.log.Append(ended, event, [&](store::Connection& rows) { return Artifacts::Insert(rows, artifact); });
  if (!stored.ok()) {
    world_.artifacts.Withdraw(artifact.tenant(), artifact.name(), artifact.version());
    return stored;
  }
  record = std::move(ended);
  for (const auto& [stage, seconds] : made.result.stage_seconds()) {
    world_.metrics.Observe("colonnade_job_stage_duration_seconds", {{"stage", stage}}, seconds);
  }
  return absl::OkStatus();
}

absl::Status JobRunner::SettleInterrupted(JobRecord& record, Interrupt why) {
  switch (why) {
    case Interrupt::kCancel: return world_.log.Move(record, v1::JOB_STATE_CANCELLED, "cancelled on request");
    case Interrupt::kRetention: return Fail(record, absl::FailedPreconditionError(kRetentionOver), record.job.stage());
    default: break;
  }
  return world_.log.Move(record, v1::JOB_STATE_QUEUED, "the server stops; the job continues from its last checkpoint");
}

absl::Status JobRunner::SettleLost(JobRecord& record, const std::string& how) {
  if (++record.losses < kMaxLosses) {
    return world_.log.Move(record, v1::JOB_STATE_QUEUED,
                           fmt::format("the worker was lost ({}); the job continues from its last checkpoint", how));
  }
  return Fail(record, absl::InternalError(fmt::format("{} workers were lost, the last one by {}", record.losses, how)),
              record.job.stage());
}

absl::Status JobRunner::Fail(JobRecord& record, const absl::Status& why, v1::JobStage stage) {
  v1::JobError& error = *record.job.mutable_error();
  error.set_code(int(why.code()));
  error.set_message(std::string(Message(why)));
  error.set_stage(stage);
  return world_.log.Move(record, v1::JOB_STATE_FAILED, error.message());
}

void JobRunner::CleanUp(const v1::Job& job) const {
  std::error_code error;
  std::filesystem::remove_all(FolderOf(job), error);
  std::filesystem::remove(world_.blobs.IncomingPath(job.name()), error);
  for (const std::string& name : {job.dataset(), job.evaluation()}) {
    if (name.empty()) continue;
    const absl::Status erased = world_.datasets.EraseIfServed(job.tenant(), name);
    if (!erased.ok()) spdlog::error("{}: data set '{}' is not erased: {}", job.name(), name, Message(erased));
  }
}

}  // namespace colonnade::jobs
