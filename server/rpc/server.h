// SPDX-License-Identifier: Apache-2.0
// The gRPC server: every service of the public contract, the inference protocol,
// grpc.health.v1 and reflection, on any number of addresses. Free of gRPC types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/metrics.h"
#include "server/jobs/backend.h"
#include "server/serving/inference_engine.h"

namespace colonnade::rpc {

// One message, in either direction: 1024 images of 128 x 128 pixels.
inline constexpr int kMaxMessageBytes = 64 * 1024 * 1024;

struct ServerOptions {
  std::vector<std::string> addresses;  // "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"; port 0 picks one
  bool trust_tenant = false;           // believe colonnade-tenant; see call.h
  std::string version;                 // of the daemon, for clients
};

// What the services adapt. All must outlive the server.
struct Core {
  serving::InferenceEngine& inference;
  jobs::ModelBackend& models;
  jobs::DatasetBackend& datasets;
  jobs::JobBackend& jobs;
  jobs::ArtifactBackend& artifacts;
  jobs::SystemBackend& system;
  Metrics& metrics;
};

// Calls are answered on threads that gRPC starts as needed, at most kMaxThreads.
class Server {
 public:
  static constexpr int kMaxThreads = 512;
  static constexpr int kMaxStreams = 256;  // watchers and downloads
  static constexpr int kMaxUploads = 128;  // models and data sets; the rest is for short calls

  // Listens and serves, health NOT_SERVING until SetServing(true). UNAVAILABLE names the
  // address that cannot be listened on; then nothing is.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, const Core& core);

  virtual ~Server() = default;

  // The addresses really listened on, in the order given.
  virtual const std::vector<std::string>& addresses() const = 0;

  // What grpc.health.v1 answers, for every service and for "".
  virtual void SetServing(bool serving) = 0;

  // Refuses new calls, ends watchers, lets running ones finish for `patience`, then cancels them.
  virtual void Shutdown(absl::Duration patience) = 0;
};

}  // namespace colonnade::rpc
