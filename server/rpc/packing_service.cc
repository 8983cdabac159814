// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/packing_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::rpc {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);  // between looks at cancellation and shutdown

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_CANCELLED;
}

}  // namespace

grpc::Status PackingService::SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                                       v1::Job* response) {
  return calls_.Run(*context, "SubmitJob",
                    [&](const std::string& tenant) { return jobs_.Submit(tenant, *request, *response); });
}

grpc::Status PackingService::GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                                    v1::Job* response) {
  return calls_.Run(*context, "GetJob",
                    [&](const std::string& tenant) { return jobs_.Get(tenant, *request, *response); });
}

grpc::Status PackingService::ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                                      v1::ListJobsResponse* response) {
  return calls_.Run(*context, "ListJobs",
                    [&](const std::string& tenant) { return jobs_.List(tenant, *request, *response); });
}

grpc::Status PackingService::CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                                       v1::Job* response) {
  return calls_.Run(*context, "CancelJob",
                    [&](const std::string& tenant) { return jobs_.Cancel(tenant, *request, *response); });
}

grpc::Status PackingService::WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                                      grpc::ServerWriter<v1::JobEvent>* stream) {
  return calls_.Run(*context, "WatchJob", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, streams_.Enter());
    return Follow(tenant, *request, *context, *stream);
  });
}

grpc::Status PackingService::ResolveRecipe(grpc::ServerContext* context, const v1::ResolveRecipeRequest* request,
                                           v1::Recipe* response) {
  return calls_.Run(*context, "ResolveRecipe",
                    [&](const std::string&) { return jobs_.ResolveRecipe(*request, *response); });
}

absl::Status PackingService::Follow(const std::string& tenant, const v1::WatchJobRequest& request,
                                    const grpc::ServerContext& context, grpc::ServerWriter<v1::JobEvent>& stream) {
  int64_t next = std::max<int64_t>(1, request.from_sequence());
  while (!context.IsCancelled()) {
    if (!streams_.is_open()) {
      return absl::UnavailableError(fmt::format("the server is shutting down; watch again from event {}", next));
    }
    COLONNADE_ASSIGN_OR_RETURN(const auto events, jobs_.Events(tenant, request.name(), next, kPatience));
    for (const v1::JobEvent& event : events) {
      if (!stream.Write(event)) return absl::CancelledError("the watcher has gone");
      if (IsFinal(event.state())) return absl::OkStatus();
      next = event.sequence() + 1;
    }
    if (!events.empty()) continue;
    COLONNADE_ASSIGN_OR_RETURN(const bool ended, HasEnded(tenant, request.name()));
    if (ended) return absl::OkStatus();
  }
  return absl::CancelledError("the watcher has gone");
}

absl::StatusOr<bool> PackingService::HasEnded(const std::string& tenant, const std::string& job) {
  v1::GetJobRequest request;
  request.set_name(job);
  v1::Job state;
  COLONNADE_RETURN_IF_ERROR(jobs_.Get(tenant, request, state));
  return IsFinal(state.state());
}

}  // namespace colonnade::rpc
