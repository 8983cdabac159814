// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_log.h"

#include <map>

#include "server/base/status.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"

namespace colonnade::jobs {
namespace {

constexpr int kMaxEvents = 1000;

void SetGauges(const std::vector<std::pair<v1::JobState, int64_t>>& counts, Metrics& metrics) {
  std::map<v1::JobState, int64_t> by_state(counts.begin(), counts.end());
  for (int state = v1::JOB_STATE_QUEUED; state <= v1::JOB_STATE_CANCELLED; ++state) {
    metrics.Set("colonnade_jobs", {{"state", StateName(v1::JobState(state))}}, double(by_state[v1::JobState(state)]));
  }
}

}  // namespace

absl::Status JobLog::Append(JobRecord& record, const v1::JobEvent& event, const Also& also) {
  JobRecord next = record;
  COLONNADE_RETURN_IF_ERROR(database_.Write([&](store::Connection& rows) -> absl::Status {
    if (also) COLONNADE_RETURN_IF_ERROR(also(rows));
    return AppendEvent(rows, next, event, clock_());
  }));
  const bool moved = record.job.state() != next.job.state();
  record = std::move(next);
  if (moved && IsFinal(record.job.state())) {
    metrics_.Count("colonnade_jobs_finished_total", {{"result", StateName(record.job.state())}}, 1);
  }
  if (moved) {
    Announce();
  } else {
    news_.Publish();
  }
  return absl::OkStatus();
}

absl::Status JobLog::Move(JobRecord& record, v1::JobState state, std::string message, const Also& also) {
  v1::JobEvent event;
  event.set_state(state);
  event.set_message(std::move(message));
  return Append(record, event, also);
}

absl::StatusOr<std::vector<v1::JobEvent>> JobLog::Read(const std::string& tenant, const std::string& job, int64_t from,
                                                       absl::Duration patience) {
  const auto read = [&](store::Connection& rows) -> absl::StatusOr<std::vector<v1::JobEvent>> {
    COLONNADE_RETURN_IF_ERROR(FindJob(rows, tenant, job).status());
    return ReadEvents(rows, job, from, kMaxEvents);
  };
  const uint64_t edition = news_.edition();
  auto events = ReadRows<std::vector<v1::JobEvent>>(database_, read);
  if (!events.ok() || !events->empty() || patience <= absl::ZeroDuration()) return events;
  news_.Wait(edition, patience);
  return ReadRows<std::vector<v1::JobEvent>>(database_, read);
}

void JobLog::Announce() {
  const auto counts = ReadRows<std::vector<std::pair<v1::JobState, int64_t>>>(
      database_, [](store::Connection& rows) { return CountJobs(rows, ""); });
  if (counts.ok()) SetGauges(*counts, metrics_);
  news_.Publish();
}

}  // namespace colonnade::jobs
