// SPDX-License-Identifier: Apache-2.0
// Takes one job from PREPARING to its end: opens its data, runs a worker, publishes what
// the worker made, cleans up.
//
// Whatever the worker says is checked: an artifact is published only if its bytes have
// the announced digest and say the same name, version and job. Publishing and the final
// state are one transaction.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/base/metrics.h"
#include "server/jobs/artifacts.h"
#include "server/jobs/datasets.h"
#include "server/jobs/interrupts.h"
#include "server/jobs/job_log.h"
#include "server/privacy/vault.h"
#include "server/store/blobs.h"

namespace colonnade::jobs {

// What running jobs needs; all must outlive the runner.
struct JobWorld {
  store::Database& database;
  store::Blobs& blobs;
  privacy::Vault& vault;
  Datasets& datasets;
  Artifacts& artifacts;
  JobLog& log;
  Interrupts& interrupts;
  Metrics& metrics;
  ReferenceLock& references;
  std::string worker;       // path of colonnade-worker
  std::string work_folder;  // each job has a folder of its own in it, kept between attempts
};

// Why a job fails whose data set has reached its erase_time.
inline constexpr char kRetentionOver[] = "the retention time of its data set is over";

// Thread-safe: any number of jobs run at the same time.
class JobRunner {
 public:
  // A job whose workers died this often without a word has failed.
  static constexpr int kMaxLosses = 3;

  explicit JobRunner(const JobWorld& world) : world_(world) {}

  // REQUIRES: the job is in state PREPARING and taken by nobody else. Returns when it has
  // ended, or is QUEUED again because its worker was lost or the daemon stops. While the
  // end cannot be stored (the disk is full), it is tried again every second; an error is
  // returned only when the daemon stops first, and the job continues at the next start.
  absl::Status Run(JobRecord record);

  // What is due when a job has ended: its folder goes, and its data sets if they have
  // served. REQUIRES: world.references is held since before the end was stored.
  void CleanUp(const v1::Job& job) const;

 private:
  absl::Status HearEarlierCancel(const v1::Job& job);
  absl::StatusOr<worker::v1::Start> Prepare(const JobRecord& record);
  absl::Status OpenTraining(const v1::Job& job, worker::v1::Start& start);
  absl::StatusOr<WorkerEnd> Work(JobRecord& record, const std::atomic<Interrupt>& interrupt);
  absl::Status SettleOnce(JobRecord& record, const absl::StatusOr<WorkerEnd>& end);
  absl::Status Settle(JobRecord& record, const absl::StatusOr<WorkerEnd>& end);
  absl::Status SettleFinished(JobRecord& record, const worker::v1::Finished& finished);
  absl::Status SettleInterrupted(JobRecord& record, Interrupt why);
  absl::Status SettleLost(JobRecord& record, const std::string& how);
  absl::Status Publish(JobRecord& record, const worker::v1::Finished& finished);
  absl::Status Fail(JobRecord& record, const absl::Status& why, v1::JobStage stage);
  std::string FolderOf(const v1::Job& job) const { return world_.work_folder + "/" + job.name(); }

  const JobWorld world_;
};

}  // namespace colonnade::jobs
