// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <stdlib.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace colonnade {
namespace {

using grpc::ServerContext;

// Notes the call; the failure it is to end with, if any.
std::optional<grpc::Status> Begin(FakeState& state, const ServerContext& context) {
  ++state.calls;
  state.metadata.clear();
  for (const auto& [key, value] : context.client_metadata()) {
    state.metadata[{key.data(), key.size()}] = {value.data(), value.size()};
  }
  if (state.failures.empty()) return std::nullopt;
  const grpc::Status status = ToGrpc(state.failures.front());
  state.failures.pop_front();
  return status;
}

template <typename Request>
void ReadChunks(FakeState& state, grpc::ServerReader<Request>& stream, int limit) {
  state.uploaded.clear();
  state.chunks.clear();
  Request message;
  while (limit-- > 0 && stream.Read(&message)) {
    if (message.chunk().offset() != int64_t(state.uploaded.size())) return;
    state.uploaded += message.chunk().data();
    state.chunks.push_back(message.chunk().data().size());
  }
}

template <typename Request>
grpc::Status TakeUpload(FakeState& state, const ServerContext& context, grpc::ServerReader<Request>& stream,
                        typename Request::Header& header) {
  Request message;
  if (!stream.Read(&message) || !message.has_header()) return {grpc::StatusCode::INVALID_ARGUMENT, "no header"};
  header = message.header();
  const auto failure = Begin(state, context);
  ReadChunks(state, stream, failure ? state.read_before_failing : std::numeric_limits<int>::max());
  return failure.value_or(grpc::Status::OK);
}

struct FakeModels : v1::Models::Service {
  explicit FakeModels(FakeState& state) : state(state) {}
  grpc::Status PushModel(ServerContext* context, grpc::ServerReader<v1::PushModelRequest>* stream,
                         v1::Model* reply) override {
    const grpc::Status status = TakeUpload(state, *context, *stream, state.model_header);
    state.request_ids.push_back(state.model_header.request_id());
    reply->set_name(state.model_header.name());
    *reply->mutable_report() = state.report;
    return status;
  }
  grpc::Status InspectModel(ServerContext* context, grpc::ServerReader<v1::InspectModelRequest>* stream,
                            v1::ModelReport* reply) override {
    *reply = state.report;
    return TakeUpload(state, *context, *stream, state.inspect_header);
  }
  grpc::Status GetModel(ServerContext* context, const v1::GetModelRequest* request, v1::Model* reply) override {
    reply->set_name(request->name());
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  grpc::Status ListModels(ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* reply) override {
    const std::string& token = request->page().page_token();
    const size_t page = token.empty() ? 0 : size_t(std::stoi(token));
    if (page < state.model_names.size()) reply->add_models()->set_name(state.model_names[page]);
    if (page + 1 < state.model_names.size()) reply->set_next_page_token(std::to_string(page + 1));
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  grpc::Status DeleteModel(ServerContext* context, const v1::DeleteModelRequest*, v1::DeleteModelResponse*) override {
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  FakeState& state;
};

struct FakeDatasets : v1::Datasets::Service {
  explicit FakeDatasets(FakeState& state) : state(state) {}
  grpc::Status PushDataset(ServerContext* context, grpc::ServerReader<v1::PushDatasetRequest>* stream,
                           v1::Dataset* reply) override {
    const grpc::Status status = TakeUpload(state, *context, *stream, state.dataset_header);
    state.request_ids.push_back(state.dataset_header.request_id());
    *reply = state.dataset;
    return status;
  }
  FakeState& state;
};

struct FakePacking : v1::Packing::Service {
  explicit FakePacking(FakeState& state) : state(state) {}
  grpc::Status SubmitJob(ServerContext* context, const v1::SubmitJobRequest* request, v1::Job* reply) override {
    state.submitted = *request;
    state.request_ids.push_back(request->request_id());
    *reply = state.job;
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  grpc::Status GetJob(ServerContext* context, const v1::GetJobRequest*, v1::Job* reply) override {
    *reply = state.job;
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  grpc::Status WatchJob(ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::JobEvent>* stream) override {
    state.watched_from.push_back(request->from_sequence());
    if (const auto failure = Begin(state, *context)) return *failure;
    const size_t connection = state.watched_from.size() - 1;
    const bool whole = connection >= state.events_per_connection.size();
    int left = whole ? int(state.events.size()) : state.events_per_connection[connection];
    for (const v1::JobEvent& event : state.events) {
      if (event.sequence() >= request->from_sequence() && left-- > 0) stream->Write(event);
    }
    if (whole) return grpc::Status::OK;
    std::this_thread::sleep_for(state.silence);
    return {grpc::StatusCode::UNAVAILABLE, "gone"};
  }
  FakeState& state;
};

struct FakeArtifacts : v1::Artifacts::Service {
  explicit FakeArtifacts(FakeState& state) : state(state) {}
  grpc::Status GetArtifact(ServerContext* context, const v1::GetArtifactRequest*, v1::Artifact* reply) override {
    *reply = state.artifact;
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  grpc::Status PullArtifact(ServerContext* context, const v1::PullArtifactRequest*,
                            grpc::ServerWriter<v1::PullArtifactResponse>* stream) override {
    const auto failure = Begin(state, *context);
    v1::PullArtifactResponse message;
    message.mutable_header()->set_version(3);
    message.mutable_header()->set_size_bytes(int64_t(state.artifact_bytes.size()));
    message.mutable_header()->set_sha256(state.artifact_sha256);
    stream->Write(message);
    const size_t half = state.artifact_bytes.size() / 2;
    SendChunk(*stream, 0, state.artifact_bytes.substr(0, half));
    if (failure) return *failure;
    SendChunk(*stream, int64_t(half), state.artifact_bytes.substr(half));
    return grpc::Status::OK;
  }
  static void SendChunk(grpc::ServerWriter<v1::PullArtifactResponse>& stream, int64_t offset, std::string data) {
    v1::PullArtifactResponse message;
    message.mutable_chunk()->set_offset(offset);
    message.mutable_chunk()->set_data(std::move(data));
    stream.Write(message);
  }
  FakeState& state;
};

struct FakeSystem : v1::System::Service {
  explicit FakeSystem(FakeState& state) : state(state) {}
  grpc::Status GetStatus(ServerContext* context, const v1::GetStatusRequest*, v1::Status* reply) override {
    reply->set_version("9.9");
    reply->set_ready(true);
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  FakeState& state;
};

struct FakeInference : inference::GRPCInferenceService::Service {
  explicit FakeInference(FakeState& state) : state(state) {}
  grpc::Status ModelInfer(ServerContext* context, const inference::ModelInferRequest* request,
                          inference::ModelInferResponse* reply) override {
    state.inferences.push_back(*request);
    const int64_t images = request->inputs(0).shape(0);
    auto& output = *reply->add_outputs();
    output.set_datatype("FP32");
    output.add_shape(images);
    output.add_shape(int64_t(state.logits.size()));
    std::string& raw = *reply->add_raw_output_contents();
    const auto* bytes = reinterpret_cast<const char*>(state.logits.data());
    for (int64_t i = 0; i < images; ++i) raw.append(bytes, state.logits.size() * sizeof(float));
    reply->set_model_version("3");
    (*reply->mutable_parameters())["executor"].set_string_param("kernels");
    (*reply->mutable_parameters())["array_cycles"].set_int64_param(100 * images);
    return Begin(state, *context).value_or(grpc::Status::OK);
  }
  FakeState& state;
};

std::filesystem::path FreshFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "colonnade-XXXXXX").string();
  return ::mkdtemp(name.data());
}

}  // namespace

grpc::Status ToGrpc(const Failure& failure) {
  google::rpc::Status rich;
  rich.set_code(failure.code);
  google::rpc::ErrorInfo info;
  info.set_reason(failure.reason);
  rich.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field(failure.field);
  if (!failure.field.empty()) rich.add_details()->PackFrom(bad);
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject(failure.quota);
  if (!failure.quota.empty()) rich.add_details()->PackFrom(quota);
  google::rpc::ResourceInfo resource;
  resource.set_resource_type(failure.resource_type);
  if (!failure.resource_type.empty()) rich.add_details()->PackFrom(resource);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(failure.retry_milliseconds * 1'000'000);
  if (failure.retry_milliseconds >= 0) rich.add_details()->PackFrom(retry);
  return {failure.code, failure.message, rich.SerializeAsString()};
}

FakeServer::FakeServer() : folder_(FreshFolder()) {
  services_.push_back(std::make_unique<FakeModels>(state_));
  services_.push_back(std::make_unique<FakeDatasets>(state_));
  services_.push_back(std::make_unique<FakePacking>(state_));
  services_.push_back(std::make_unique<FakeArtifacts>(state_));
  services_.push_back(std::make_unique<FakeSystem>(state_));
  services_.push_back(std::make_unique<FakeInference>(state_));
  Start();
}

FakeServer::~FakeServer() {
  Stop();
  std::filesystem::remove_all(folder_);
}

void FakeServer::Stop() {
  if (server_) server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void FakeServer::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.AddListeningPort(tcp_address(), grpc::InsecureServerCredentials(), &port_);
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
}

}  // namespace colonnade
