// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inference_service.h"

#include <fmt/format.h>

#include "server/base/status.h"
#include "server/rpc/inference_codec.h"

namespace colonnade::rpc {
namespace {

absl::StatusOr<serving::ModelReference> Reference(const std::string& tenant, const std::string& name,
                                                  const std::string& version) {
  COLONNADE_ASSIGN_OR_RETURN(const auto number, ParseVersion(version));
  return serving::ModelReference{tenant, name, number};
}

}  // namespace

grpc::Status InferenceService::ServerLive(grpc::ServerContext* context, const inference::ServerLiveRequest*,
                                          inference::ServerLiveResponse* response) {
  return calls_.Run(*context, "ServerLive", [&](const std::string&) {
    response->set_live(true);
    return absl::OkStatus();
  });
}

grpc::Status InferenceService::ServerReady(grpc::ServerContext* context, const inference::ServerReadyRequest*,
                                           inference::ServerReadyResponse* response) {
  return calls_.Run(*context, "ServerReady", [&](const std::string&) {
    response->set_ready(engine_.is_open());
    return absl::OkStatus();
  });
}

grpc::Status InferenceService::ModelReady(grpc::ServerContext* context, const inference::ModelReadyRequest* request,
                                          inference::ModelReadyResponse* response) {
  return calls_.Run(*context, "ModelReady", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const auto reference, Reference(tenant, request->name(), request->version()));
    response->set_ready(engine_.is_open() && engine_.models().Get(reference).ok());
    return absl::OkStatus();
  });
}

grpc::Status InferenceService::ServerMetadata(grpc::ServerContext* context, const inference::ServerMetadataRequest*,
                                              inference::ServerMetadataResponse* response) {
  return calls_.Run(*context, "ServerMetadata", [&](const std::string&) {
    response->set_name("colonnade");
    response->set_version(server_version_);
    response->add_extensions("parameters");
    return absl::OkStatus();
  });
}

grpc::Status InferenceService::ModelMetadata(grpc::ServerContext* context,
                                             const inference::ModelMetadataRequest* request,
                                             inference::ModelMetadataResponse* response) {
  return calls_.Run(*context, "ModelMetadata", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const auto reference, Reference(tenant, request->name(), request->version()));
    COLONNADE_ASSIGN_OR_RETURN(const serving::SharedModel model, engine_.models().Get(reference));
    EncodeMetadata(model->info(), *response);
    COLONNADE_ASSIGN_OR_RETURN(const auto versions, engine_.models().Versions(tenant, request->name()));
    for (const int64_t version : versions) response->add_versions(fmt::format("{}", version));
    return absl::OkStatus();
  });
}

grpc::Status InferenceService::ModelInfer(grpc::ServerContext* context, const inference::ModelInferRequest* request,
                                          inference::ModelInferResponse* response) {
  return calls_.Run(*context, "ModelInfer", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(DecodedInference decoded, Decode(*request));
    decoded.request.model.tenant = tenant;
    decoded.request.deadline = absl::FromChrono(context->deadline());
    COLONNADE_ASSIGN_OR_RETURN(const auto result, engine_.Infer(decoded.request));
    Encode(*request, result, decoded.typed_output, *response);
    return absl::OkStatus();
  });
}

}  // namespace colonnade::rpc
