// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol, version 2: adapters from gRPC to serving/.
#pragma once

#include "inference/inference.grpc.pb.h"
#include "server/rpc/call.h"
#include "server/serving/inference_engine.h"

namespace colonnade::rpc {

// Thread-safe. What is passed in must outlive the service.
class InferenceService final : public inference::GRPCInferenceService::Service {
 public:
  InferenceService(serving::InferenceEngine& engine, const Calls& calls, std::string server_version)
      : engine_(engine), calls_(calls), server_version_(std::move(server_version)) {}

  grpc::Status ServerLive(grpc::ServerContext* context, const inference::ServerLiveRequest* request,
                          inference::ServerLiveResponse* response) override;
  grpc::Status ServerReady(grpc::ServerContext* context, const inference::ServerReadyRequest* request,
                           inference::ServerReadyResponse* response) override;
  // An unknown model is not ready, which is no error.
  grpc::Status ModelReady(grpc::ServerContext* context, const inference::ModelReadyRequest* request,
                          inference::ModelReadyResponse* response) override;
  grpc::Status ServerMetadata(grpc::ServerContext* context, const inference::ServerMetadataRequest* request,
                              inference::ServerMetadataResponse* response) override;
  grpc::Status ModelMetadata(grpc::ServerContext* context, const inference::ModelMetadataRequest* request,
                             inference::ModelMetadataResponse* response) override;
  grpc::Status ModelInfer(grpc::ServerContext* context, const inference::ModelInferRequest* request,
                          inference::ModelInferResponse* response) override;

 private:
  serving::InferenceEngine& engine_;
  const Calls& calls_;
  const std::string server_version_;
};

}  // namespace colonnade::rpc
