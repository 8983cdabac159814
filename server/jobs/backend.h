// SPDX-License-Identifier: Apache-2.0
// What the services of the public contract need of the core: one interface per
// service, in the contract's own messages and free of gRPC. The services do
// transport (streams, tenants, status, metrics); implementations do the work.
//
// All calls: `tenant` is a valid name and the caller's; what belongs to another
// tenant is NOT_FOUND. `response` arrives empty. Errors change nothing. Thread-safe.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "colonnade/v1/artifacts.pb.h"
#include "colonnade/v1/datasets.pb.h"
#include "colonnade/v1/models.pb.h"
#include "colonnade/v1/packing.pb.h"
#include "colonnade/v1/system.pb.h"

namespace colonnade::jobs {

// Takes bytes as they come. An error ends the transfer.
using Sink = std::function<absl::Status(std::string_view data)>;

// Passes all bytes of an upload to a sink, in order, in pieces of at most 1 MiB;
// returns the first error, the sink's or the stream's. To be called at most once.
using Feed = std::function<absl::Status(const Sink& sink)>;

class ModelBackend {
 public:
  virtual ~ModelBackend() = default;
  // `feed` gives exactly header.size_bytes bytes, 1 to kMaxModelBytes.
  virtual absl::Status Push(const std::string& tenant, const v1::PushModelRequest::Header& header, const Feed& feed,
                            v1::Model& response) = 0;
  // A stored model (header.name) or the bytes of `feed`, header.size_bytes of them.
  virtual absl::Status Inspect(const std::string& tenant, const v1::InspectModelRequest::Header& header,
                               const Feed& feed, v1::ModelReport& response) = 0;
  virtual absl::Status Get(const std::string& tenant, const v1::GetModelRequest& request, v1::Model& response) = 0;
  virtual absl::Status List(const std::string& tenant, const v1::ListModelsRequest& request,
                            v1::ListModelsResponse& response) = 0;
  virtual absl::Status Delete(const std::string& tenant, const v1::DeleteModelRequest& request) = 0;
};

class DatasetBackend {
 public:
  virtual ~DatasetBackend() = default;
  // `feed` gives header.records whole records; the header's shape and counts are in range.
  virtual absl::Status Push(const std::string& tenant, const v1::PushDatasetRequest::Header& header, const Feed& feed,
                            v1::Dataset& response) = 0;
  virtual absl::Status Get(const std::string& tenant, const v1::GetDatasetRequest& request, v1::Dataset& response) = 0;
  virtual absl::Status List(const std::string& tenant, const v1::ListDatasetsRequest& request,
                            v1::ListDatasetsResponse& response) = 0;
  virtual absl::Status Delete(const std::string& tenant, const v1::DeleteDatasetRequest& request,
                              v1::DeleteDatasetResponse& response) = 0;
  virtual absl::Status GetSource(const std::string& tenant, const v1::GetSourceRequest& request,
                                 v1::Source& response) = 0;
  virtual absl::Status ListSources(const std::string& tenant, const v1::ListSourcesRequest& request,
                                   v1::ListSourcesResponse& response) = 0;
  virtual absl::Status ListErasures(const std::string& tenant, const v1::ListErasuresRequest& request,
                                    v1::ListErasuresResponse& response) = 0;
};

class JobBackend {
 public:
  virtual ~JobBackend() = default;
  virtual absl::Status Submit(const std::string& tenant, const v1::SubmitJobRequest& request, v1::Job& response) = 0;
  virtual absl::Status Get(const std::string& tenant, const v1::GetJobRequest& request, v1::Job& response) = 0;
  virtual absl::Status List(const std::string& tenant, const v1::ListJobsRequest& request,
                            v1::ListJobsResponse& response) = 0;
  virtual absl::Status Cancel(const std::string& tenant, const v1::CancelJobRequest& request, v1::Job& response) = 0;
  virtual absl::Status ResolveRecipe(const v1::ResolveRecipeRequest& request, v1::Recipe& response) = 0;
  // Events of a job from number `from` >= 1 on, in order. Waits up to `patience` for the
  // first one; empty when none came.
  virtual absl::StatusOr<std::vector<v1::JobEvent>> Events(const std::string& tenant, const std::string& job,
                                                           int64_t from, absl::Duration patience) = 0;
};

class ArtifactBackend {
 public:
  virtual ~ArtifactBackend() = default;
  virtual absl::Status Get(const std::string& tenant, const v1::GetArtifactRequest& request,
                           v1::Artifact& response) = 0;
  virtual absl::Status List(const std::string& tenant, const v1::ListArtifactsRequest& request,
                            v1::ListArtifactsResponse& response) = 0;
  virtual absl::Status Delete(const std::string& tenant, const v1::DeleteArtifactRequest& request) = 0;
  // The bytes in the format asked for, an open file, and what `header` says of them. They
  // stay readable while it is open, also when the artifact is deleted.
  virtual absl::StatusOr<std::ifstream> Pull(const std::string& tenant, const v1::PullArtifactRequest& request,
                                             v1::PullArtifactResponse::Header& header) = 0;
};

class SystemBackend {
 public:
  virtual ~SystemBackend() = default;
  virtual absl::Status GetStatus(const std::string& tenant, v1::Status& response) = 0;
};

}  // namespace colonnade::jobs
