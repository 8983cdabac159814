// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "colonnade/v1/models.grpc.pb.h"
#include "server/base/gate.h"
#include "server/jobs/backend.h"
#include "server/rpc/call.h"

namespace colonnade::rpc {

inline constexpr int64_t kMaxModelBytes = int64_t{1} << 30;

// colonnade.v1.Models over a backend. An upload occupies a thread for as long as the client
// takes; `uploads` keeps them from taking all. What is passed in must outlive it.
class ModelsService final : public v1::Models::Service {
 public:
  ModelsService(jobs::ModelBackend& models, const Calls& calls, Gate& uploads)
      : models_(models), calls_(calls), uploads_(uploads) {}

  grpc::Status PushModel(grpc::ServerContext* context, grpc::ServerReader<v1::PushModelRequest>* stream,
                         v1::Model* response) override;
  grpc::Status InspectModel(grpc::ServerContext* context, grpc::ServerReader<v1::InspectModelRequest>* stream,
                            v1::ModelReport* response) override;
  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                        v1::Model* response) override;
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status DeleteModel(grpc::ServerContext* context, const v1::DeleteModelRequest* request,
                           v1::DeleteModelResponse* response) override;

 private:
  jobs::ModelBackend& models_;
  const Calls& calls_;
  Gate& uploads_;
};

}  // namespace colonnade::rpc
