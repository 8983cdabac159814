// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/packing_jobs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "server/array/array_config.h"
#include "server/base/status.h"
#include "server/jobs/models.h"
#include "server/jobs/page.h"
#include "server/jobs/requests.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/submission.h"
#include "server/recipe/recipe.h"
#include "server/sealed/key.h"

namespace colonnade::jobs {
namespace {

using store::Connection;

constexpr absl::Duration kLookAround = absl::Seconds(1);
constexpr absl::Duration kAfterTrouble = absl::Seconds(5);

// 64 random bits: nobody guesses another tenant's job.
std::string MintName() {
  return fmt::format("job-{}", sealed::Sha256Hex(sealed::Key::Generate().bytes()).substr(0, 16));
}

// Each once.
absl::StatusOr<std::vector<v1::JobState>> ReadStates(const v1::ListJobsRequest& request) {
  std::set<v1::JobState> states;
  for (const int state : request.states()) {
    if (state < v1::JOB_STATE_QUEUED || state > v1::JOB_STATE_CANCELLED) {
      return InvalidField("states", fmt::format("{} is no state", state));
    }
    states.insert(v1::JobState(state));
  }
  return std::vector<v1::JobState>(states.begin(), states.end());
}

absl::Status FailQueued(Connection& rows, JobRecord& record, const char* why, absl::Time now) {
  record.job.mutable_error()->set_code(int(absl::StatusCode::kFailedPrecondition));
  record.job.mutable_error()->set_message(why);
  v1::JobEvent event;
  event.set_state(v1::JOB_STATE_FAILED);
  event.set_message(why);
  return AppendEvent(rows, record, event, now);
}

}  // namespace

absl::Status PackingJobs::Start(int runners) {
  COLONNADE_RETURN_IF_ERROR(Recover());
  world_.log.Announce();
  for (int i = 0; i < runners; ++i) threads_.emplace_back([this] { RunQueued(); });
  threads_.emplace_back([this] { KeepHouse(); });
  return absl::OkStatus();
}

void PackingJobs::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  world_.interrupts.Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

absl::Status PackingJobs::Recover() {
  COLONNADE_ASSIGN_OR_RETURN(auto unfinished, ReadRows<std::vector<JobRecord>>(world_.database, UnfinishedJobs));
  for (JobRecord& record : unfinished) {
    if (record.cancel_asked) {
      COLONNADE_RETURN_IF_ERROR(world_.log.Move(record, v1::JOB_STATE_CANCELLED, "cancelled on request"));
    } else if (record.job.state() != v1::JOB_STATE_QUEUED) {
      COLONNADE_RETURN_IF_ERROR(world_.log.Move(
          record, v1::JOB_STATE_QUEUED, "the server was restarted; the job continues from its last checkpoint"));
    }
  }
  std::erase_if(unfinished, [](const JobRecord& record) { return IsFinal(record.job.state()); });
  DropStrayFolders(unfinished);
  return world_.datasets.EraseAllServed();
}

void PackingJobs::DropStrayFolders(const std::vector<JobRecord>& unfinished) {
  std::set<std::string> wanted;
  for (const JobRecord& record : unfinished) wanted.insert(record.job.name());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(world_.work_folder, error)) {
    if (!wanted.count(entry.path().filename().string())) std::filesystem::remove_all(entry.path(), error);
  }
}

// Runners wait on each other's steps here, so that a runner sees a job once.
absl::StatusOr<std::optional<JobRecord>> PackingJobs::TakeNext() {
  COLONNADE_ASSIGN_OR_RETURN(auto next,
                             WriteRows<std::optional<JobRecord>>(
                                 world_.database, [&](Connection& rows) -> absl::StatusOr<std::optional<JobRecord>> {
                                   COLONNADE_ASSIGN_OR_RETURN(auto record, NextQueued(rows));
                                   if (!record) return record;
                                   record->job.set_attempts(record->job.attempts() + 1);
                                   if (record->reserved_version == 0) {
                                     COLONNADE_ASSIGN_OR_RETURN(
                                         record->reserved_version,
                                         Artifacts::ReserveVersion(rows, record->job.tenant(), record->job.artifact()));
                                   }
                                   v1::JobEvent event;
                                   event.set_state(v1::JOB_STATE_PREPARING);
                                   event.set_message(fmt::format("attempt {}", record->job.attempts()));
                                   COLONNADE_RETURN_IF_ERROR(AppendEvent(rows, *record, event, world_.log.now()));
                                   return record;
                                 }));
  if (next) world_.log.Announce();
  return next;
}

void PackingJobs::RunQueued() {
  while (WaitForWork(absl::ZeroDuration())) {
    const absl::StatusOr<std::optional<JobRecord>> next = TakeNext();
    absl::Status status = next.status();
    if (next.ok() && *next) status = runner_.Run(**next);
    if (!status.ok()) spdlog::error("jobs: {}", Message(status));
    if (!status.ok()) WaitForWork(kAfterTrouble);
    if (next.ok() && !*next) WaitForWork(kLookAround);
  }
}

bool PackingJobs::WaitForWork(absl::Duration patience) {
  std::unique_lock lock(mutex_);
  if (!stopping_ && patience > absl::ZeroDuration()) changed_.wait_for(lock, absl::ToChronoNanoseconds(patience));
  return !stopping_;
}

void PackingJobs::Wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void PackingJobs::KeepHouse() {
  while (WaitForWork(kLookAround)) {
    const absl::Status status = EnforceRetention();
    if (!status.ok()) spdlog::error("retention: {}", Message(status));
  }
}

absl::Status PackingJobs::EnforceRetention() {
  COLONNADE_ASSIGN_OR_RETURN(const auto overdue, world_.vault.Overdue());
  absl::Status first;  // error; one data set must not keep the others
  for (const privacy::DatasetInfo& dataset : overdue) first.Update(Retire(dataset));
  return first;
}

absl::Status PackingJobs::Retire(const privacy::DatasetInfo& dataset) {
  const std::lock_guard lock(world_.references);
  COLONNADE_RETURN_IF_ERROR(EndUses(dataset));
  COLONNADE_ASSIGN_OR_RETURN(const auto jobs, JobsOfDataset(world_.database, dataset));
  return world_.vault.Erase(dataset.spec.tenant, dataset.spec.name, "retention", jobs).status();
}

// Queued jobs that use it fail now, running ones as soon as their worker has stopped.
absl::Status PackingJobs::EndUses(const privacy::DatasetInfo& dataset) {
  const auto uses = [&](const v1::Job& job) {
    return job.tenant() == dataset.spec.tenant &&
           (job.dataset() == dataset.spec.name || job.evaluation() == dataset.spec.name);
  };
  std::vector<v1::Job> ended;
  COLONNADE_RETURN_IF_ERROR(world_.database.Write([&](Connection& rows) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(auto unfinished, UnfinishedJobs(rows));
    for (JobRecord& record : unfinished) {
      if (!uses(record.job)) continue;
      world_.interrupts.Signal(record.job.name(), Interrupt::kRetention);
      if (record.job.state() == v1::JOB_STATE_QUEUED) {
        COLONNADE_RETURN_IF_ERROR(FailQueued(rows, record, kRetentionOver, world_.log.now()));
        ended.push_back(record.job);
      }
    }
    return absl::OkStatus();
  }));
  for (const v1::Job& job : ended) runner_.CleanUp(job);
  world_.log.Announce();
  return absl::OkStatus();
}

absl::Status PackingJobs::Submit(const std::string& tenant, const v1::SubmitJobRequest& request, v1::Job& response) {
  COLONNADE_RETURN_IF_ERROR(CheckRequestId("request_id", request.request_id()));
  if (::access(world_.worker.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError("this server runs no jobs: it has no colonnade-worker (--worker)");
  }
  COLONNADE_ASSIGN_OR_RETURN(v1::Job job, CheckRequest(tenant, request));
  job.set_name(MintName());
  v1::SubmitJobRequest content = request;
  content.clear_request_id();
  const RequestKey key{tenant, request.request_id(), "SubmitJob", sealed::Sha256Hex(content.SerializeAsString())};
  const std::lock_guard lock(world_.references);
  COLONNADE_ASSIGN_OR_RETURN(
      const auto before,
      ReadRows<std::optional<std::string>>(world_.database, [&](Connection& rows) { return FindRequest(rows, key); }));
  if (!before) {
    COLONNADE_RETURN_IF_ERROR(CheckInputs(world_.database, world_.vault, job));
    JobRecord record{job};
    COLONNADE_RETURN_IF_ERROR(world_.database.Write([&](Connection& rows) -> absl::Status {
      COLONNADE_RETURN_IF_ERROR(Models::Find(rows, tenant, job.model()).status());
      COLONNADE_RETURN_IF_ERROR(InsertJob(rows, record, world_.log.now()));
      return RememberRequest(rows, key, job.name(), world_.log.now());
    }));
    world_.log.Announce();
    Wake();
  }
  v1::GetJobRequest get;
  get.set_name(before.value_or(job.name()));
  return Get(tenant, get, response);
}

absl::Status PackingJobs::Get(const std::string& tenant, const v1::GetJobRequest& request, v1::Job& response) {
  COLONNADE_ASSIGN_OR_RETURN(const JobRecord record, ReadRows<JobRecord>(world_.database, [&](Connection& rows) {
                               return FindJob(rows, tenant, request.name());
                             }));
  response = record.job;
  return absl::OkStatus();
}

absl::Status PackingJobs::List(const std::string& tenant, const v1::ListJobsRequest& request,
                               v1::ListJobsResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<v1::JobState> states, ReadStates(request));
  COLONNADE_ASSIGN_OR_RETURN(auto jobs, ReadRows<std::vector<NumberedJob>>(world_.database, [&](Connection& rows) {
                               return ListJobs(rows, tenant, page.after_number(), states, page.limit + 1);
                             }));
  response.set_next_page_token(
      CutToPage(page, jobs, [](const NumberedJob& job) { return std::to_string(job.number); }));
  for (NumberedJob& job : jobs) response.add_jobs()->Swap(&job.job);
  return absl::OkStatus();
}

absl::Status PackingJobs::Cancel(const std::string& tenant, const v1::CancelJobRequest& request, v1::Job& response) {
  const std::lock_guard lock(world_.references);
  bool ended = false;
  COLONNADE_ASSIGN_OR_RETURN(const JobRecord record,
                             WriteRows<JobRecord>(world_.database, [&](Connection& rows) -> absl::StatusOr<JobRecord> {
                               COLONNADE_ASSIGN_OR_RETURN(JobRecord record, FindJob(rows, tenant, request.name()));
                               if (IsFinal(record.job.state())) return record;
                               COLONNADE_RETURN_IF_ERROR(AskToCancel(rows, request.name()));
                               if (record.job.state() != v1::JOB_STATE_QUEUED) return record;
                               v1::JobEvent event;
                               event.set_state(v1::JOB_STATE_CANCELLED);
                               event.set_message("cancelled on request");
                               COLONNADE_RETURN_IF_ERROR(AppendEvent(rows, record, event, world_.log.now()));
                               ended = true;
                               return record;
                             }));
  if (ended) runner_.CleanUp(record.job);
  world_.interrupts.Signal(request.name(), Interrupt::kCancel);
  world_.log.Announce();
  response = record.job;
  return absl::OkStatus();
}

absl::Status PackingJobs::ResolveRecipe(const v1::ResolveRecipeRequest& request, v1::Recipe& response) {
  array::ArrayConfig array;
  if (!request.array().empty()) {
    const auto parsed = array::ParseArrayConfig(request.array());
    if (!parsed.ok()) return InvalidField("array", Message(parsed.status()));
    array = *parsed;
  }
  COLONNADE_ASSIGN_OR_RETURN(response, recipe::Resolve(request.recipe(), array.alpha));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::JobEvent>> PackingJobs::Events(const std::string& tenant, const std::string& job,
                                                              int64_t from, absl::Duration patience) {
  return world_.log.Read(tenant, job, from, patience);
}

}  // namespace colonnade::jobs
