// SPDX-License-Identifier: Apache-2.0
#include "client/src/from_proto.h"
#include "client/src/impl.h"
#include "client/src/sha256.h"

namespace colonnade::client {

Result<Job> Client::SubmitJob(const JobOptions& options) {
  v1::SubmitJobRequest request;
  request.set_request_id(options.request_id.empty() ? RandomUuid() : options.request_id);
  request.set_model(options.model);
  request.set_dataset(options.dataset);
  request.set_evaluation(options.evaluation);
  request.set_artifact(options.artifact);
  request.set_array(options.array);
  request.mutable_recipe()->ParseFromString(options.recipe.serialized());
  request.set_priority(options.priority);
  v1::Job reply;
  const Status status =
      impl_->Call(*impl_->packing, &v1::Packing::Stub::SubmitJob, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<Job> Client::GetJob(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  v1::Job reply;
  const Status status = impl_->Call(*impl_->packing, &v1::Packing::Stub::GetJob, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<std::vector<Job>> Client::ListJobs(const std::vector<JobState>& states) {
  v1::ListJobsRequest request;
  for (const JobState state : states) request.add_states(v1::JobState(state));
  std::vector<Job> jobs;
  const Status status = impl_->CallPages(*impl_->packing, &v1::Packing::Stub::ListJobs, request,
                                         [&](const v1::ListJobsResponse& page) { Append(page.jobs(), jobs); });
  if (!status.ok()) return status;
  return jobs;
}

Result<Job> Client::CancelJob(const std::string& name) {
  v1::CancelJobRequest request;
  request.set_name(name);
  v1::Job reply;
  const Status status =
      impl_->Call(*impl_->packing, &v1::Packing::Stub::CancelJob, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<Recipe> Client::ResolveRecipe(const Recipe& recipe, const std::string& array) {
  v1::ResolveRecipeRequest request;
  request.mutable_recipe()->ParseFromString(recipe.serialized());
  request.set_array(array);
  v1::Recipe reply;
  const Status status =
      impl_->Call(*impl_->packing, &v1::Packing::Stub::ResolveRecipe, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return Recipe::FromSerialized(reply.SerializeAsString());
}

}  // namespace colonnade::client
