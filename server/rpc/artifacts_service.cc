// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/artifacts_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "server/base/status.h"
#include "server/rpc/upload.h"

namespace colonnade::rpc {
namespace {

// The header, then the file in chunks. DATA_LOSS when the file is shorter than announced.
absl::Status SendFile(std::ifstream& file, const v1::PullArtifactResponse::Header& header,
                      grpc::ServerWriter<v1::PullArtifactResponse>& stream) {
  v1::PullArtifactResponse message;
  *message.mutable_header() = header;
  bool taken = stream.Write(message);
  std::string buffer;
  for (int64_t offset = 0; taken && offset < header.size_bytes(); offset += int64_t(buffer.size())) {
    buffer.resize(size_t(std::min(kMaxChunkBytes, header.size_bytes() - offset)));
    if (!file.read(buffer.data(), std::streamsize(buffer.size()))) {
      return absl::DataLossError(fmt::format("the artifact ends before byte {}", offset + int64_t(buffer.size())));
    }
    message.mutable_chunk()->set_offset(offset);
    message.mutable_chunk()->set_data(buffer);
    taken = stream.Write(message);
  }
  return taken ? absl::OkStatus() : absl::CancelledError("the receiver has gone");
}

}  // namespace

grpc::Status ArtifactsService::GetArtifact(grpc::ServerContext* context, const v1::GetArtifactRequest* request,
                                           v1::Artifact* response) {
  return calls_.Run(*context, "GetArtifact",
                    [&](const std::string& tenant) { return artifacts_.Get(tenant, *request, *response); });
}

grpc::Status ArtifactsService::ListArtifacts(grpc::ServerContext* context, const v1::ListArtifactsRequest* request,
                                             v1::ListArtifactsResponse* response) {
  return calls_.Run(*context, "ListArtifacts",
                    [&](const std::string& tenant) { return artifacts_.List(tenant, *request, *response); });
}

grpc::Status ArtifactsService::PullArtifact(grpc::ServerContext* context, const v1::PullArtifactRequest* request,
                                            grpc::ServerWriter<v1::PullArtifactResponse>* stream) {
  return calls_.Run(*context, "PullArtifact", [&](const std::string& tenant) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, streams_.Enter());
    v1::PullArtifactResponse::Header header;
    COLONNADE_ASSIGN_OR_RETURN(std::ifstream file, artifacts_.Pull(tenant, *request, header));
    return SendFile(file, header, *stream);
  });
}

grpc::Status ArtifactsService::DeleteArtifact(grpc::ServerContext* context, const v1::DeleteArtifactRequest* request,
                                              v1::DeleteArtifactResponse*) {
  return calls_.Run(*context, "DeleteArtifact",
                    [&](const std::string& tenant) { return artifacts_.Delete(tenant, *request); });
}

}  // namespace colonnade::rpc
