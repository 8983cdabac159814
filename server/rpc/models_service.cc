// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/models_service.h"

#include <fmt/format.h>

#include "server/base/names.h"
#include "server/rpc/upload.h"

namespace colonnade::rpc {
namespace {

absl::Status CheckSize(int64_t bytes) {
  if (bytes >= 1 && bytes <= kMaxModelBytes) return absl::OkStatus();
  return InvalidField("header.size_bytes", fmt::format("{}; a model file has 1 to {} bytes", bytes, kMaxModelBytes));
}

absl::Status Check(const v1::PushModelRequest::Header& header) {
  COLONNADE_RETURN_IF_ERROR(CheckName("header.name", header.name()));
  return CheckSize(header.size_bytes());
}

absl::Status Check(const v1::InspectModelRequest::Header& header) {
  if (header.name().empty()) return CheckSize(header.size_bytes());
  COLONNADE_RETURN_IF_ERROR(CheckName("header.name", header.name()));
  if (header.size_bytes() == 0) return absl::OkStatus();
  return InvalidField("header.size_bytes", "must be 0 with a name: either a stored model or bytes");
}

}  // namespace

grpc::Status ModelsService::PushModel(grpc::ServerContext* context, grpc::ServerReader<v1::PushModelRequest>* stream,
                                      v1::Model* response) {
  return calls_.Run(*context, "PushModel", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, uploads_.Enter());
    UploadReader<v1::PushModelRequest> upload(*stream);
    COLONNADE_ASSIGN_OR_RETURN(const auto header, upload.ReadHeader());
    COLONNADE_RETURN_IF_ERROR(Check(header));
    const jobs::Feed feed = [&](const jobs::Sink& sink) { return upload.ReadChunks(header.size_bytes(), sink); };
    COLONNADE_RETURN_IF_ERROR(models_.Push(tenant, header, feed, *response));
    calls_.ReportUpload("model", header.size_bytes());
    return absl::OkStatus();
  });
}

grpc::Status ModelsService::InspectModel(grpc::ServerContext* context,
                                         grpc::ServerReader<v1::InspectModelRequest>* stream,
                                         v1::ModelReport* response) {
  return calls_.Run(*context, "InspectModel", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, uploads_.Enter());
    UploadReader<v1::InspectModelRequest> upload(*stream);
    COLONNADE_ASSIGN_OR_RETURN(const auto header, upload.ReadHeader());
    COLONNADE_RETURN_IF_ERROR(Check(header));
    const jobs::Feed feed = [&](const jobs::Sink& sink) { return upload.ReadChunks(header.size_bytes(), sink); };
    return models_.Inspect(tenant, header, feed, *response);
  });
}

grpc::Status ModelsService::GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                                     v1::Model* response) {
  return calls_.Run(*context, "GetModel",
                    [&](const std::string& tenant) { return models_.Get(tenant, *request, *response); });
}

grpc::Status ModelsService::ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) {
  return calls_.Run(*context, "ListModels",
                    [&](const std::string& tenant) { return models_.List(tenant, *request, *response); });
}

grpc::Status ModelsService::DeleteModel(grpc::ServerContext* context, const v1::DeleteModelRequest* request,
                                        v1::DeleteModelResponse*) {
  return calls_.Run(*context, "DeleteModel",
                    [&](const std::string& tenant) { return models_.Delete(tenant, *request); });
}

}  // namespace colonnade::rpc
