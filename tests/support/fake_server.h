// SPDX-License-Identifier: Apache-2.0
// A server for tests of the client: the real transport on a unix socket and on a port,
// services that answer as they are told, and a record of what they were asked.
#pragma once

#include <grpcpp/server.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "colonnade/v1/artifacts.grpc.pb.h"
#include "colonnade/v1/datasets.grpc.pb.h"
#include "colonnade/v1/models.grpc.pb.h"
#include "colonnade/v1/packing.grpc.pb.h"
#include "colonnade/v1/system.grpc.pb.h"
#include "inference/inference.grpc.pb.h"

namespace colonnade {

// A status with google.rpc details; empty strings leave a detail out.
struct Failure {
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
  std::string message = {};
  std::string field = {}, reason = {}, quota = {}, resource_type = {};
  int retry_milliseconds = -1;
};
grpc::Status ToGrpc(const Failure& failure);

// Prepared before a call, read after it; not to be touched while one runs.
struct FakeState {
  // Each call takes one and fails with it, before it does anything; after the last one
  // calls succeed. Uploads read the header first, and `read_before_failing` chunks.
  std::deque<Failure> failures;
  int read_before_failing = 0;

  // What the last call brought.
  int calls = 0;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> request_ids;  // of every attempt
  v1::PushModelRequest::Header model_header;
  v1::InspectModelRequest::Header inspect_header;
  v1::PushDatasetRequest::Header dataset_header;
  v1::SubmitJobRequest submitted;
  std::string uploaded;
  std::vector<size_t> chunks;
  std::vector<int64_t> watched_from;
  std::vector<inference::ModelInferRequest> inferences;

  // What it answers.
  v1::ModelReport report;
  v1::Dataset dataset;
  v1::Job job;
  std::vector<v1::JobEvent> events;
  std::vector<int> events_per_connection;  // then UNAVAILABLE; all once it is used up
  std::chrono::milliseconds silence{0};    // before that UNAVAILABLE
  v1::Artifact artifact;
  std::string artifact_bytes, artifact_sha256;
  std::vector<std::string> model_names;  // one page each
  std::vector<float> logits;             // of every image
};

class FakeServer {
 public:
  // Listens on a socket in a fresh folder, and on a free port.
  FakeServer();
  ~FakeServer();

  // "unix:PATH".
  std::string address() const { return "unix:" + (folder_ / "socket").string(); }
  // "127.0.0.1:PORT", the same after a restart.
  std::string tcp_address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& folder() const { return folder_; }
  FakeState& state() { return state_; }

  void Stop();
  void Start();

 private:
  std::filesystem::path folder_;
  int port_ = 0;
  FakeState state_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace colonnade
