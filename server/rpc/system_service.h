// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "colonnade/v1/system.grpc.pb.h"
#include "server/jobs/backend.h"
#include "server/rpc/call.h"

namespace colonnade::rpc {

// colonnade.v1.System over a backend. What is passed in must outlive it.
class SystemService final : public v1::System::Service {
 public:
  SystemService(jobs::SystemBackend& system, const Calls& calls) : system_(system), calls_(calls) {}

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*, v1::Status* response) override {
    return calls_.Run(*context, "GetStatus",
                      [&](const std::string& tenant) { return system_.GetStatus(tenant, *response); });
  }

 private:
  jobs::SystemBackend& system_;
  const Calls& calls_;
};

}  // namespace colonnade::rpc
