// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "colonnade/v1/artifacts.grpc.pb.h"
#include "server/base/gate.h"
#include "server/jobs/backend.h"
#include "server/rpc/call.h"

namespace colonnade::rpc {

// colonnade.v1.Artifacts over a backend. `streams` bounds the downloads that run at a
// time. What is passed in must outlive it.
class ArtifactsService final : public v1::Artifacts::Service {
 public:
  ArtifactsService(jobs::ArtifactBackend& artifacts, const Calls& calls, Gate& streams)
      : artifacts_(artifacts), calls_(calls), streams_(streams) {}

  grpc::Status GetArtifact(grpc::ServerContext* context, const v1::GetArtifactRequest* request,
                           v1::Artifact* response) override;
  grpc::Status ListArtifacts(grpc::ServerContext* context, const v1::ListArtifactsRequest* request,
                             v1::ListArtifactsResponse* response) override;
  grpc::Status PullArtifact(grpc::ServerContext* context, const v1::PullArtifactRequest* request,
                            grpc::ServerWriter<v1::PullArtifactResponse>* stream) override;
  grpc::Status DeleteArtifact(grpc::ServerContext* context, const v1::DeleteArtifactRequest* request,
                              v1::DeleteArtifactResponse* response) override;

 private:
  jobs::ArtifactBackend& artifacts_;
  const Calls& calls_;
  Gate& streams_;
};

}  // namespace colonnade::rpc
