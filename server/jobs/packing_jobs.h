// SPDX-License-Identifier: Apache-2.0
// Packing jobs: takes them in, runs them a few at a time, tells about them.
//
// A job is durable when Submit() returns. Threads of this class, one per job that may run
// at a time, take the queued job with the highest priority, the oldest first. After a
// crash, jobs that were running are queued again when the daemon starts.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/backend.h"
#include "server/jobs/job_runner.h"

namespace colonnade::jobs {

// Thread-safe.
class PackingJobs final : public JobBackend {
 public:
  explicit PackingJobs(const JobWorld& world) : world_(world), runner_(world) {}
  ~PackingJobs() override { Stop(); }

  // Puts interrupted jobs back into the queue, completes erasures that are due, then runs
  // up to `runners` >= 1 jobs at a time. To be called once.
  absl::Status Start(int runners);

  // Stops the workers; their jobs are queued again and continue at the next start.
  void Stop();

  absl::Status Submit(const std::string& tenant, const v1::SubmitJobRequest& request, v1::Job& response) override;
  absl::Status Get(const std::string& tenant, const v1::GetJobRequest& request, v1::Job& response) override;
  absl::Status List(const std::string& tenant, const v1::ListJobsRequest& request,
                    v1::ListJobsResponse& response) override;
  absl::Status Cancel(const std::string& tenant, const v1::CancelJobRequest& request, v1::Job& response) override;
  absl::Status ResolveRecipe(const v1::ResolveRecipeRequest& request, v1::Recipe& response) override;
  absl::StatusOr<std::vector<v1::JobEvent>> Events(const std::string& tenant, const std::string& job, int64_t from,
                                                   absl::Duration patience) override;

  // Erases data sets whose retention time is over; jobs that use them fail. Called by a
  // thread of this class every second.
  absl::Status EnforceRetention();

 private:
  absl::Status Recover();
  void RunQueued();
  absl::StatusOr<std::optional<JobRecord>> TakeNext();
  bool WaitForWork(absl::Duration patience);
  void Wake();
  void KeepHouse();
  absl::Status Retire(const privacy::DatasetInfo& dataset);
  absl::Status EndUses(const privacy::DatasetInfo& dataset);
  void DropStrayFolders(const std::vector<JobRecord>& unfinished);

  const JobWorld world_;
  JobRunner runner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace colonnade::jobs
