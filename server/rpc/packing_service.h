// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "colonnade/v1/packing.grpc.pb.h"
#include "server/base/gate.h"
#include "server/jobs/backend.h"
#include "server/rpc/call.h"

namespace colonnade::rpc {

// colonnade.v1.Packing over a backend. Watching occupies a thread for as long as the
// job runs; `streams` keeps watchers from taking all of them, and ends them
// (UNAVAILABLE) within a second once it is closed. What is passed in must outlive it.
class PackingService final : public v1::Packing::Service {
 public:
  PackingService(jobs::JobBackend& jobs, const Calls& calls, Gate& streams)
      : jobs_(jobs), calls_(calls), streams_(streams) {}

  grpc::Status SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                         v1::Job* response) override;
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request, v1::Job* response) override;
  grpc::Status ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                         v1::Job* response) override;
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::JobEvent>* stream) override;
  grpc::Status ResolveRecipe(grpc::ServerContext* context, const v1::ResolveRecipeRequest* request,
                             v1::Recipe* response) override;

 private:
  absl::Status Follow(const std::string& tenant, const v1::WatchJobRequest& request,
                      const grpc::ServerContext& context, grpc::ServerWriter<v1::JobEvent>& stream);
  // Whether a job that has no event number `next` will never have one.
  absl::StatusOr<bool> HasEnded(const std::string& tenant, const std::string& job);

  jobs::JobBackend& jobs_;
  const Calls& calls_;
  Gate& streams_;
};

}  // namespace colonnade::rpc
