// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>
#include <grpc/grpc.h>
#include <grpc/health/v1/health.pb.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <mutex>

#include "absl/time/clock.h"
#include "server/rpc/artifacts_service.h"
#include "server/rpc/call.h"
#include "server/rpc/datasets_service.h"
#include "server/rpc/inference_service.h"
#include "server/rpc/models_service.h"
#include "server/rpc/packing_service.h"
#include "server/rpc/system_service.h"

namespace colonnade::rpc {
namespace {

// What health answers for; "" is the server as a whole.
constexpr const char* kServiceNames[] = {"",
                                         inference::GRPCInferenceService::service_full_name(),
                                         v1::Models::service_full_name(),
                                         v1::Datasets::service_full_name(),
                                         v1::Packing::service_full_name(),
                                         v1::Artifacts::service_full_name(),
                                         v1::System::service_full_name()};

// All process-wide. The library is never shut down: its last user would wait up to
// 10 s for a poller that nothing wakes.
void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // The library serves health, but only what is linked in can be described.
    google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
  });
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.SetResourceQuota(grpc::ResourceQuota("colonnaded").SetMaxThreads(Server::kMaxThreads));
  // Two daemons must not share one port unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

// A host that has vanished ends its calls, which frees their threads. Pings go on however
// long a client says nothing.
void SetKeepalive(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

class GrpcServer final : public Server {
 public:
  GrpcServer(const ServerOptions& options, const Core& core)
      : addresses_(options.addresses),
        calls_(core.metrics, options.trust_tenant),
        inference_(core.inference, calls_, options.version),
        models_(core.models, calls_, uploads_),
        datasets_(core.datasets, calls_, uploads_),
        packing_(core.jobs, calls_, streams_),
        artifacts_(core.artifacts, calls_, streams_),
        system_(core.system, calls_) {}

  ~GrpcServer() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen() {
    EnablePlugins();
    grpc::ServerBuilder builder;
    SetLimits(builder);
    SetKeepalive(builder);
    std::vector<int> ports(addresses_.size(), 0);
    for (size_t i = 0; i < ports.size(); ++i) {
      builder.AddListeningPort(addresses_[i], grpc::InsecureServerCredentials(), &ports[i]);
    }
    for (grpc::Service* service : Services()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    SetServing(false);
    return TakePorts(ports);
  }

  const std::vector<std::string>& addresses() const override { return addresses_; }

  void SetServing(bool serving) override {
    if (!server_) return;
    grpc::HealthCheckServiceInterface& health = *server_->GetHealthCheckService();
    for (const char* service : kServiceNames) health.SetServingStatus(service, serving);
  }

  void Shutdown(absl::Duration patience) override {
    streams_.Close();
    calls_.Close();
    calls_.Drain(patience);
    // What is left is idle connections, whose clients may not listen.
    if (server_) server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }

 private:
  std::vector<grpc::Service*> Services() {
    return {&inference_, &models_, &datasets_, &packing_, &artifacts_, &system_};
  }

  // gRPC leaves 0 for what it could not listen on, and gives 1 for unix sockets.
  absl::Status TakePorts(const std::vector<int>& ports) {
    for (size_t i = 0; i < ports.size(); ++i) {
      std::string& address = addresses_[i];
      if (ports[i] == 0) return absl::UnavailableError(fmt::format("--listen: cannot listen on {}", address));
      if (address.rfind("unix:", 0) == 0) continue;
      address = fmt::format("{}:{}", address.substr(0, address.rfind(':')), ports[i]);
    }
    if (server_) return absl::OkStatus();
    return absl::UnavailableError("the gRPC server does not start");
  }

  std::vector<std::string> addresses_;
  const Calls calls_;
  Gate streams_{"streams", kMaxStreams};
  Gate uploads_{"uploads", kMaxUploads};
  InferenceService inference_;
  ModelsService models_;
  DatasetsService datasets_;
  PackingService packing_;
  ArtifactsService artifacts_;
  SystemService system_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, const Core& core) {
  auto server = std::make_unique<GrpcServer>(options, core);
  if (const absl::Status status = server->Listen(); !status.ok()) return status;
  return absl::StatusOr<std::unique_ptr<Server>>(std::move(server));
}

}  // namespace colonnade::rpc
