// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/datasets_service.h"

#include "server/rpc/upload.h"

namespace colonnade::rpc {

grpc::Status DatasetsService::PushDataset(grpc::ServerContext* context,
                                          grpc::ServerReader<v1::PushDatasetRequest>* stream,
                                          v1::Dataset* response) {
  return calls_.Run(*context, "PushDataset", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, uploads_.Enter());
    UploadReader<v1::PushDatasetRequest> upload(*stream);
    COLONNADE_ASSIGN_OR_RETURN(const auto header, upload.ReadHeader());
    COLONNADE_ASSIGN_OR_RETURN(const int64_t bytes, CheckDatasetHeader(header));
    const jobs::Feed feed = [&](const jobs::Sink& sink) { return upload.ReadChunks(bytes, sink); };
    COLONNADE_RETURN_IF_ERROR(datasets_.Push(tenant, header, feed, *response));
    calls_.ReportUpload("dataset", bytes);
    return absl::OkStatus();
  });
}

grpc::Status DatasetsService::GetDataset(grpc::ServerContext* context, const v1::GetDatasetRequest* request,
                                         v1::Dataset* response) {
  return calls_.Run(*context, "GetDataset",
                    [&](const std::string& tenant) { return datasets_.Get(tenant, *request, *response); });
}

grpc::Status DatasetsService::ListDatasets(grpc::ServerContext* context, const v1::ListDatasetsRequest* request,
                                           v1::ListDatasetsResponse* response) {
  return calls_.Run(*context, "ListDatasets",
                    [&](const std::string& tenant) { return datasets_.List(tenant, *request, *response); });
}

grpc::Status DatasetsService::DeleteDataset(grpc::ServerContext* context, const v1::DeleteDatasetRequest* request,
                                            v1::DeleteDatasetResponse* response) {
  return calls_.Run(*context, "DeleteDataset",
                    [&](const std::string& tenant) { return datasets_.Delete(tenant, *request, *response); });
}

grpc::Status DatasetsService::GetSource(grpc::ServerContext* context, const v1::GetSourceRequest* request,
                                        v1::Source* response) {
  return calls_.Run(*context, "GetSource",
                    [&](const std::string& tenant) { return datasets_.GetSource(tenant, *request, *response); });
}

grpc::Status DatasetsService::ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                                          v1::ListSourcesResponse* response) {
  return calls_.Run(*context, "ListSources",
                    [&](const std::string& tenant) { return datasets_.ListSources(tenant, *request, *response); });
}

grpc::Status DatasetsService::ListErasures(grpc::ServerContext* context, const v1::ListErasuresRequest* request,
                                           v1::ListErasuresResponse* response) {
  return calls_.Run(*context, "ListErasures",
                    [&](const std::string& tenant) { return datasets_.ListErasures(tenant, *request, *response); });
}

}  // namespace colonnade::rpc
