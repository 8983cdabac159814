// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "colonnade/v1/datasets.grpc.pb.h"
#include "server/base/gate.h"
#include "server/jobs/backend.h"
#include "server/rpc/call.h"

namespace colonnade::rpc {

// Every range that datasets.proto and common.proto state for the header, so that the
// upload's size is known. INVALID_ARGUMENT names the field. Returns the bytes of all
// records.
absl::StatusOr<int64_t> CheckDatasetHeader(const v1::PushDatasetRequest::Header& header);

// colonnade.v1.Datasets over a backend. An upload occupies a thread for as long as the client
// takes; `uploads` keeps them from taking all. What is passed in must outlive it.
class DatasetsService final : public v1::Datasets::Service {
 public:
  DatasetsService(jobs::DatasetBackend& datasets, const Calls& calls, Gate& uploads)
      : datasets_(datasets), calls_(calls), uploads_(uploads) {}

  grpc::Status PushDataset(grpc::ServerContext* context, grpc::ServerReader<v1::PushDatasetRequest>* stream,
                           v1::Dataset* response) override;
  grpc::Status GetDataset(grpc::ServerContext* context, const v1::GetDatasetRequest* request,
                          v1::Dataset* response) override;
  grpc::Status ListDatasets(grpc::ServerContext* context, const v1::ListDatasetsRequest* request,
                            v1::ListDatasetsResponse* response) override;
  grpc::Status DeleteDataset(grpc::ServerContext* context, const v1::DeleteDatasetRequest* request,
                             v1::DeleteDatasetResponse* response) override;
  grpc::Status GetSource(grpc::ServerContext* context, const v1::GetSourceRequest* request,
                         v1::Source* response) override;
  grpc::Status ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                           v1::ListSourcesResponse* response) override;
  grpc::Status ListErasures(grpc::ServerContext* context, const v1::ListErasuresRequest* request,
                            v1::ListErasuresResponse* response) override;

 private:
  jobs::DatasetBackend& datasets_;
  const Calls& calls_;
  Gate& uploads_;
};

}  // namespace colonnade::rpc
