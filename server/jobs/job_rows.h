// SPDX-License-Identifier: Apache-2.0
// Jobs and their event logs as rows. All calls run inside a caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "colonnade/v1/packing.pb.h"
#include "server/store/database.h"

namespace colonnade::jobs {

// A job as stored: the public message, and what only the daemon needs.
struct JobRecord {
  v1::Job job;
  int64_t reserved_version = 0;  // of the artifact it will publish; 0 until a worker starts
  int losses = 0;                // workers that died without a word
  bool cancel_asked = false;     // as it was when read
};

// INSERT of a new job in state QUEUED, with its first event.
absl::Status InsertJob(store::Connection& rows, JobRecord& record, absl::Time now);

// NOT_FOUND when the tenant has no such job.
absl::StatusOr<JobRecord> FindJob(store::Connection& rows, const std::string& tenant, const std::string& name);

// The queued job that is to run next: highest priority, then oldest.
absl::StatusOr<std::optional<JobRecord>> NextQueued(store::Connection& rows);

// All jobs that have not ended, oldest first.
absl::StatusOr<std::vector<JobRecord>> UnfinishedJobs(store::Connection& rows);

// Newest first, after the job with number `before` (exclusive; 0: from the newest). Empty
// `states`: all. Pairs of number and job.
struct NumberedJob {
  int64_t number = 0;
  v1::Job job;
};
absl::StatusOr<std::vector<NumberedJob>> ListJobs(store::Connection& rows, const std::string& tenant, int64_t before,
                                                  const std::vector<v1::JobState>& states, int limit);

// Appends `event` to the job's log, giving it the next number and the time, and moves the
// job to event.state() and stage. Also writes the rest of `record`, but for cancel_asked.
// INTERNAL when the state may not follow the present one. Only whoever holds the job may
// call it: the runner that took it, or anybody in the transaction that finds it QUEUED.
absl::Status AppendEvent(store::Connection& rows, JobRecord& record, v1::JobEvent event, absl::Time now);

// Remembers that a running job is to be cancelled; for anybody.
absl::Status AskToCancel(store::Connection& rows, const std::string& name);

// Events from number `from` on, at most `limit`.
absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(store::Connection& rows, const std::string& job, int64_t from,
                                                     int limit);

// Jobs by state; of all tenants when `tenant` is empty.
absl::StatusOr<std::vector<std::pair<v1::JobState, int64_t>>> CountJobs(store::Connection& rows,
                                                                        const std::string& tenant);

}  // namespace colonnade::jobs
