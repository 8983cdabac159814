// SPDX-License-Identifier: Apache-2.0
#include "client/src/from_proto.h"
#include "client/src/impl.h"
#include "client/src/sha256.h"

namespace colonnade::client {
namespace {

Result<v1::PushModelRequest::Header> PushHeader(const std::string& name, const ByteSource& bytes) {
  const Result<std::string> digest = Digest(bytes);
  if (!digest.ok()) return digest.status();
  v1::PushModelRequest::Header header;
  header.set_name(name);
  header.set_request_id(RandomUuid());
  header.set_size_bytes(bytes.size());
  header.set_sha256(*digest);
  return header;
}

template <typename ImplType>
Result<Model> Push(const ImplType& impl, const std::string& name, const ByteSource& bytes, const Progress& progress) {
  const auto header = PushHeader(name, bytes);
  if (!header.ok()) return header.status();
  v1::Model reply;
  const Status status = impl.Upload(*impl.models, &v1::Models::Stub::PushModel, *header, bytes, progress, reply);
  if (!status.ok()) return status;
  return FromProto(reply);
}

template <typename ImplType>
Result<ModelReport> Inspect(const ImplType& impl, const std::string& name, const ByteSource& bytes,
                            const Progress& progress) {
  v1::InspectModelRequest::Header header;
  header.set_name(name);
  header.set_size_bytes(bytes.size());
  v1::ModelReport reply;
  const Status status = impl.Upload(*impl.models, &v1::Models::Stub::InspectModel, header, bytes, progress, reply);
  if (!status.ok()) return status;
  return FromProto(reply);
}

}  // namespace

Result<Model> Client::PushModelFile(const std::string& name, const std::string& path, const Progress& progress) {
  const auto file = OpenUpload(path);
  if (!file.ok()) return file.status();
  return Push(*impl_, name, **file, progress);
}

Result<Model> Client::PushModel(const std::string& name, std::string_view onnx, const Progress& progress) {
  return Push(*impl_, name, MemoryBytes(onnx), progress);
}

Result<ModelReport> Client::InspectModel(const std::string& name) {
  if (name.empty()) return InvalidField("name", "must not be empty");
  return Inspect(*impl_, name, MemoryBytes(""), {});
}

Result<ModelReport> Client::InspectModelFile(const std::string& path, const Progress& progress) {
  const auto file = OpenUpload(path);
  if (!file.ok()) return file.status();
  return Inspect(*impl_, "", **file, progress);
}

Result<ModelReport> Client::InspectModelBytes(std::string_view onnx, const Progress& progress) {
  return Inspect(*impl_, "", MemoryBytes(onnx), progress);
}

Result<Model> Client::GetModel(const std::string& name) {
  v1::GetModelRequest request;
  request.set_name(name);
  v1::Model reply;
  const Status status = impl_->Call(*impl_->models, &v1::Models::Stub::GetModel, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<std::vector<Model>> Client::ListModels() {
  std::vector<Model> models;
  const Status status = impl_->CallPages(*impl_->models, &v1::Models::Stub::ListModels, v1::ListModelsRequest(),
                                         [&](const v1::ListModelsResponse& page) { Append(page.models(), models); });
  if (!status.ok()) return status;
  return models;
}

Status Client::DeleteModel(const std::string& name) {
  v1::DeleteModelRequest request;
  request.set_name(name);
  v1::DeleteModelResponse reply;
  return impl_->Call(*impl_->models, &v1::Models::Stub::DeleteModel, request, reply, impl_->CallDeadline(),
                     Repeat::kNever);
}

}  // namespace colonnade::client
