// SPDX-License-Identifier: Apache-2.0
#include "client/src/impl.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <random>
#include <thread>

#include "client/src/retry.h"

namespace colonnade::client {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // Repetition is this library's; the channel must be ready to try when it does.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, int(options.retry.first_delay.count()));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, int(options.retry.longest_delay.count()));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A proxy for the web is no way to a server of one's own.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

double Chance() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

Client::Impl::Impl(ClientOptions given)
    : options(std::move(given)),
      channel(MakeChannel(options)),
      models(v1::Models::NewStub(channel)),
      datasets(v1::Datasets::NewStub(channel)),
      packing(v1::Packing::NewStub(channel)),
      artifacts(v1::Artifacts::NewStub(channel)),
      system(v1::System::NewStub(channel)),
      inference(inference::GRPCInferenceService::NewStub(channel)) {}

void Client::Impl::Prepare(grpc::ClientContext& context, Time deadline) const {
  context.set_deadline(deadline);
  if (!options.tenant.empty()) context.AddMetadata("colonnade-tenant", options.tenant);
  if (!options.token.empty()) context.AddMetadata("authorization", "Bearer " + options.token);
}

Status Client::Impl::Run(Repeat repeat, Time deadline, const Attempt& attempt) const {
  for (int attempts = 1;; ++attempts) {
    grpc::ClientContext context;
    Prepare(context, deadline);
    const Status status = attempt(context);
    if (status.ok()) return status;
    const auto delay = DelayBeforeRetry(options.retry, {attempts, status.code(), status.retry_delay(),
                                                        std::chrono::system_clock::now(), deadline, Chance()});
    if (!delay || repeat == Repeat::kNever) return NameServer(status);
    Wait(*delay);
  }
}

void Client::Impl::Wait(std::chrono::microseconds delay) const {
  const Time end = std::chrono::system_clock::now() + delay;
  channel->WaitForConnected(end);
  std::this_thread::sleep_until(end);
}

Status Client::Impl::NameServer(const Status& status) const {
  if (status.code() != Code::kUnavailable) return status;
  return {status.code(), options.server + ": " + status.message(), status.details()};
}

}  // namespace colonnade::client
