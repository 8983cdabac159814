// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/times.h"

namespace colonnade::jobs {
namespace {

using store::Connection;

constexpr const char* kInsert =
    "INSERT INTO jobs (name, tenant, state, priority, model, dataset, evaluation, artifact, "
    "reserved_version, losses, cancel_asked, job) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)";
constexpr const char* kByName =
    "SELECT reserved_version, losses, cancel_asked, job FROM jobs WHERE tenant = ? AND name = ?";
constexpr const char* kNext =
    "SELECT reserved_version, losses, cancel_asked, job FROM jobs WHERE state = ? ORDER BY priority DESC, number LIMIT "
    "1";
constexpr const char* kUnfinished =
    "SELECT reserved_version, losses, cancel_asked, job FROM jobs WHERE state < ? ORDER BY number";
constexpr const char* kUpdate = "UPDATE jobs SET state = ?, reserved_version = ?, losses = ?, job = ? WHERE name = ?";

absl::StatusOr<JobRecord> ToRecord(const store::Row& row) {
  JobRecord record;
  record.reserved_version = row.Int(0);
  record.losses = int(row.Int(1));
  record.cancel_asked = row.Int(2) != 0;
  COLONNADE_ASSIGN_OR_RETURN(record.job, FromBytes<v1::Job>(row.Bytes(3)));
  return record;
}

absl::Status InsertEvent(Connection& rows, const std::string& job, const v1::JobEvent& event) {
  return rows.Run("INSERT INTO events (job, sequence, event) VALUES (?, ?, ?)", {job, event.sequence(), ToBlob(event)})
      .status();
}

// What an event changes in the job it belongs to.
void Apply(const v1::JobEvent& event, v1::Job& job) {
  job.set_state(event.state());
  if (event.stage() != v1::JOB_STAGE_UNSPECIFIED) job.set_stage(event.stage());
  job.set_last_sequence(event.sequence());
  if (event.state() != v1::JOB_STATE_QUEUED && !job.has_start_time()) *job.mutable_start_time() = event.time();
  if (IsFinal(event.state())) *job.mutable_end_time() = event.time();
}

}  // namespace

absl::Status InsertJob(Connection& rows, JobRecord& record, absl::Time now) {
  v1::Job& job = record.job;
  v1::JobEvent event;
  event.set_sequence(1);
  event.set_state(v1::JOB_STATE_QUEUED);
  event.set_message("queued");
  *event.mutable_time() = ToTimestamp(now);
  Apply(event, job);
  *job.mutable_create_time() = event.time();
  COLONNADE_RETURN_IF_ERROR(
      rows.Run(kInsert, {job.name(), job.tenant(), int64_t{job.state()}, int64_t{job.priority()}, job.model(),
                         job.dataset(), job.evaluation(), job.artifact(), ToBlob(job)})
          .status());
  return InsertEvent(rows, job.name(), event);
}

absl::StatusOr<JobRecord> FindJob(Connection& rows, const std::string& tenant, const std::string& name) {
  COLONNADE_ASSIGN_OR_RETURN(const auto found, rows.Run(kByName, {tenant, name}));
  if (found.empty()) return MissingResource("job", name);
  return ToRecord(found[0]);
}

absl::StatusOr<std::optional<JobRecord>> NextQueued(Connection& rows) {
  COLONNADE_ASSIGN_OR_RETURN(const auto found, rows.Run(kNext, {int64_t{v1::JOB_STATE_QUEUED}}));
  if (found.empty()) return std::nullopt;
  COLONNADE_ASSIGN_OR_RETURN(JobRecord record, ToRecord(found[0]));
  return std::optional(std::move(record));
}

absl::StatusOr<std::vector<JobRecord>> UnfinishedJobs(Connection& rows) {
  COLONNADE_ASSIGN_OR_RETURN(const auto found, rows.Run(kUnfinished, {int64_t{v1::JOB_STATE_SUCCEEDED}}));
  std::vector<JobRecord> records;
  for (const store::Row& row : found) {
    COLONNADE_ASSIGN_OR_RETURN(records.emplace_back(), ToRecord(row));
  }
  return records;
}

absl::StatusOr<std::vector<NumberedJob>> ListJobs(Connection& rows, const std::string& tenant, int64_t before,
                                                  const std::vector<v1::JobState>& states, int limit) {
  std::string sql = "SELECT number, job FROM jobs WHERE tenant = ? AND (? = 0 OR number < ?)";
  std::vector<store::Value> arguments = {tenant, before, before};
  if (!states.empty()) {
    sql += fmt::format(" AND state IN (?{})", fmt::join(std::vector<std::string>(states.size() - 1, ", ?"), ""));
    for (const v1::JobState state : states) arguments.emplace_back(int64_t{state});
  }
  sql += " ORDER BY number DESC LIMIT ?";
  arguments.emplace_back(int64_t{limit});
  COLONNADE_ASSIGN_OR_RETURN(const auto found, rows.Run(sql.c_str(), arguments));
  std::vector<NumberedJob> jobs;
  for (const store::Row& row : found) {
    COLONNADE_ASSIGN_OR_RETURN(v1::Job job, FromBytes<v1::Job>(row.Bytes(1)));
    jobs.push_back({row.Int(0), std::move(job)});
  }
  return jobs;
}

absl::Status AppendEvent(Connection& rows, JobRecord& record, v1::JobEvent event, absl::Time now) {
  v1::Job& job = record.job;
  if (!MayFollow(job.state(), event.state())) {
    return absl::InternalError(
        fmt::format("{} is {} and cannot become {}", job.name(), StateName(job.state()), StateName(event.state())));
  }
  event.set_sequence(job.last_sequence() + 1);
  *event.mutable_time() = ToTimestamp(now);
  Apply(event, job);
  COLONNADE_RETURN_IF_ERROR(InsertEvent(rows, job.name(), event));
  return rows
      .Run(kUpdate, {int64_t{job.state()}, record.reserved_version, int64_t{record.losses}, ToBlob(job), job.name()})
      .status();
}

absl::Status AskToCancel(Connection& rows, const std::string& name) {
  return rows.Run("UPDATE jobs SET cancel_asked = 1 WHERE name = ?", {name}).status();
}

absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(Connection& rows, const std::string& job, int64_t from,
                                                     int limit) {
  COLONNADE_ASSIGN_OR_RETURN(
      const auto found, rows.Run("SELECT event FROM events WHERE job = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
                                 {job, from, int64_t{limit}}));
  std::vector<v1::JobEvent> events;
  for (const store::Row& row : found) {
    COLONNADE_ASSIGN_OR_RETURN(events.emplace_back(), FromBytes<v1::JobEvent>(row.Bytes(0)));
  }
  return events;
}

absl::StatusOr<std::vector<std::pair<v1::JobState, int64_t>>> CountJobs(Connection& rows, const std::string& tenant) {
  COLONNADE_ASSIGN_OR_RETURN(
      const auto found,
      rows.Run("SELECT state, COUNT(*) FROM jobs WHERE (? = '' OR tenant = ?) GROUP BY state", {tenant, tenant}));
  std::vector<std::pair<v1::JobState, int64_t>> counts;
  for (const store::Row& row : found) counts.emplace_back(v1::JobState(row.Int(0)), row.Int(1));
  return counts;
}

}  // namespace colonnade::jobs
