// SPDX-License-Identifier: Apache-2.0
// The durable, numbered event log of jobs, and news of it. Every change of a job's state
// goes through here.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/metrics.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/news_board.h"

namespace colonnade::jobs {

// Thread-safe; a JobRecord belongs to one thread at a time.
class JobLog {
 public:
  JobLog(store::Database& database, Metrics& metrics, Clock clock)
      : database_(database), metrics_(metrics), clock_(std::move(clock)) {}

  // Appends `event` in one durable transaction together with what `also` writes. On error
  // nothing has changed, `record` included.
  using Also = std::function<absl::Status(store::Connection& rows)>;
  absl::Status Append(JobRecord& record, const v1::JobEvent& event, const Also& also = nullptr);

  // An event without progress: a new state and why.
  absl::Status Move(JobRecord& record, v1::JobState state, std::string message, const Also& also = nullptr);

  // Events from number `from` on, at most 1000; waits up to `patience` for the first.
  // NOT_FOUND when the tenant has no such job.
  absl::StatusOr<std::vector<v1::JobEvent>> Read(const std::string& tenant, const std::string& job, int64_t from,
                                                 absl::Duration patience);

  // Something outside the log may have changed a job: look again.
  void Announce();

  absl::Time now() const { return clock_(); }

 private:
  store::Database& database_;
  Metrics& metrics_;
  const Clock clock_;
  NewsBoard news_;
};

}  // namespace colonnade::jobs
