// SPDX-License-Identifier: Apache-2.0
#include "client/src/file_receiver.h"
#include "client/src/from_proto.h"
#include "client/src/impl.h"

namespace colonnade::client {
namespace {

// One attempt, from the beginning. What goes wrong here counts before the server's
// answer to being cut off.
Status Receive(v1::Artifacts::Stub& artifacts, grpc::ClientContext& context, const v1::PullArtifactRequest& request,
               const std::string& path, const Progress& progress, PulledArtifact& pulled) {
  const auto reader = artifacts.PullArtifact(&context, request);
  v1::PullArtifactResponse message;
  reader->Read(&message);
  pulled = {message.header().version(), message.header().size_bytes(), message.header().sha256()};
  FileReceiver file(path);
  Status local = file.Open();
  while (local.ok() && reader->Read(&message)) {
    local = file.Take(message.chunk().offset(), message.chunk().data());
    if (local.ok() && progress) progress(file.received(), pulled.size_bytes);
  }
  if (!local.ok()) context.TryCancel();
  const Status remote = FromGrpc(reader->Finish());
  if (!local.ok()) return local;
  return remote.ok() ? file.Publish(pulled.size_bytes, pulled.sha256) : remote;
}

}  // namespace

Result<PulledArtifact> Client::PullArtifact(const std::string& name, int64_t version, ArtifactFormat format,
                                            const std::string& path, const Progress& progress) {
  v1::PullArtifactRequest request;
  request.set_name(name);
  request.set_version(version);
  request.set_format(v1::ArtifactFormat(format));
  PulledArtifact pulled;
  const Status status = impl_->Run(Repeat::kAllowed, impl_->TransferDeadline(), [&](grpc::ClientContext& context) {
    return Receive(*impl_->artifacts, context, request, path, progress, pulled);
  });
  if (!status.ok()) return status;
  return pulled;
}

Result<Artifact> Client::GetArtifact(const std::string& name, int64_t version) {
  v1::GetArtifactRequest request;
  request.set_name(name);
  request.set_version(version);
  v1::Artifact reply;
  const Status status =
      impl_->Call(*impl_->artifacts, &v1::Artifacts::Stub::GetArtifact, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<std::vector<Artifact>> Client::ListArtifacts(const std::string& name) {
  v1::ListArtifactsRequest request;
  request.set_name(name);
  std::vector<Artifact> artifacts;
  const Status status =
      impl_->CallPages(*impl_->artifacts, &v1::Artifacts::Stub::ListArtifacts, request,
                       [&](const v1::ListArtifactsResponse& page) { Append(page.artifacts(), artifacts); });
  if (!status.ok()) return status;
  return artifacts;
}

Status Client::DeleteArtifact(const std::string& name, int64_t version) {
  if (version < 1) return InvalidField("version", "must be at least 1: versions are deleted one at a time");
  v1::DeleteArtifactRequest request;
  request.set_name(name);
  request.set_version(version);
  v1::DeleteArtifactResponse reply;
  return impl_->Call(*impl_->artifacts, &v1::Artifacts::Stub::DeleteArtifact, request, reply, impl_->CallDeadline(),
                     Repeat::kNever);
}

}  // namespace colonnade::client
