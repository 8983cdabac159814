// SPDX-License-Identifier: Apache-2.0
#include "server/system_status.h"

#include "server/array/array_config.h"
#include "server/executors/array_executor.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/times.h"
#include "server/serving/model.h"

namespace colonnade {
namespace {

using JobCounts = std::vector<std::pair<v1::JobState, int64_t>>;

// The default one first.
void AddExecutors(const executors::Devices& devices, v1::Status& status) {
  status.add_executors(std::string(serving::kDefaultExecutor));
  for (const std::string_view name : executors::ExecutorNames(devices)) {
    if (name != serving::kDefaultExecutor) status.add_executors(std::string(name));
  }
}

}  // namespace

absl::Status SystemStatus::GetStatus(const std::string& tenant, v1::Status& response) {
  response.set_version(COLONNADE_VERSION);
  *response.mutable_start_time() = jobs::ToTimestamp(started_);
  response.set_tenant(tenant);
  AddExecutors(devices_, response);
  response.add_arrays(array::Name(array::ArrayConfig{}));
  COLONNADE_ASSIGN_OR_RETURN(const JobCounts counts, jobs::ReadRows<JobCounts>(database_, [&](store::Connection& rows) {
                               return jobs::CountJobs(rows, tenant);
                             }));
  for (const auto& [state, count] : counts) {
    (*response.mutable_jobs())[std::string(jobs::StateName(state))] = count;
  }
  response.set_artifacts(artifacts_.Count(tenant));
  response.set_ready(inference_.is_open());
  return absl::OkStatus();
}

}  // namespace colonnade
