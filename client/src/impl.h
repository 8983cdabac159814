// SPDX-License-Identifier: Apache-2.0
// What all calls have in common: metadata, deadline, repetition, pages, uploads.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/src/bytes.h"
#include "client/src/status.h"
#include "colonnade/client.h"
#include "colonnade/v1/artifacts.grpc.pb.h"
#include "colonnade/v1/datasets.grpc.pb.h"
#include "colonnade/v1/models.grpc.pb.h"
#include "colonnade/v1/packing.grpc.pb.h"
#include "colonnade/v1/system.grpc.pb.h"
#include "inference/inference.grpc.pb.h"

namespace colonnade::client {

inline constexpr int64_t kChunkBytes = 512 * 1024;

enum class Repeat { kAllowed, kNever };

// Uniform in [0, 1), differently in every process.
double Chance();

struct Client::Impl {
  explicit Impl(ClientOptions options);

  // Tenant, token and deadline.
  void Prepare(grpc::ClientContext& context, Time deadline) const;

  // UNAVAILABLE says which server; other errors are returned as they are.
  Status NameServer(const Status& status) const;

  // Waits all of `delay`, and lets the channel connect meanwhile: without a thread inside
  // of gRPC it does not get on with it, and the next attempt would fail as the last did.
  void Wait(std::chrono::microseconds delay) const;

  // Makes attempts until one succeeds or DelayBeforeRetry gives up.
  using Attempt = std::function<Status(grpc::ClientContext& context)>;
  Status Run(Repeat repeat, Time deadline, const Attempt& attempt) const;

  Time CallDeadline() const { return std::chrono::system_clock::now() + options.timeout; }
  Time TransferDeadline() const { return std::chrono::system_clock::now() + options.transfer_timeout; }

  template <typename Stub, typename Request, typename Reply>
  Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
              const Request& request, Reply& reply, Time deadline, Repeat repeat = Repeat::kAllowed) const {
    return Run(repeat, deadline, [&](grpc::ClientContext& context) {
      reply.Clear();
      return FromGrpc((stub.*method)(&context, request, &reply));
    });
  }

  // All pages of a List call; `take` is given each.
  template <typename Stub, typename Request, typename Reply, typename Take>
  Status CallPages(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                   Request request, Take&& take) const {
    const Time deadline = CallDeadline();
    Reply reply;
    do {
      if (Status status = Call(stub, method, request, reply, deadline); !status.ok()) return status;
      take(reply);
      request.mutable_page()->set_page_token(reply.next_page_token());
    } while (!reply.next_page_token().empty());
    return {};
  }

  template <typename Stub, typename Request, typename Reply>
  Status Upload(Stub& stub, std::unique_ptr<grpc::ClientWriter<Request>> (Stub::*method)(grpc::ClientContext*, Reply*),
                const typename Request::Header& header, const ByteSource& bytes, const Progress& progress,
                Reply& reply) const;

  const ClientOptions options;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::Models::Stub> models;
  const std::unique_ptr<v1::Datasets::Stub> datasets;
  const std::unique_ptr<v1::Packing::Stub> packing;
  const std::unique_ptr<v1::Artifacts::Stub> artifacts;
  const std::unique_ptr<v1::System::Stub> system;
  const std::unique_ptr<inference::GRPCInferenceService::Stub> inference;
};

// Header and chunks, as far as the server takes them; its status says why it stopped.
// Errors are those of reading `bytes`.
template <typename Request>
Status SendParts(grpc::ClientWriter<Request>& writer, const typename Request::Header& header, const ByteSource& bytes,
                 const Progress& progress) {
  Request message;
  *message.mutable_header() = header;
  bool taken = writer.Write(message);
  for (int64_t offset = 0; taken && offset < bytes.size();) {
    std::string& data = *message.mutable_chunk()->mutable_data();
    data.resize(size_t(std::min(kChunkBytes, bytes.size() - offset)));
    if (Status status = bytes.Read(offset, data); !status.ok()) return status;
    message.mutable_chunk()->set_offset(offset);
    taken = writer.Write(message);
    offset += int64_t(data.size());
    if (taken && progress) progress(offset, bytes.size());
  }
  writer.WritesDone();
  return {};
}

template <typename Stub, typename Request, typename Reply>
Status Client::Impl::Upload(Stub& stub,
                            std::unique_ptr<grpc::ClientWriter<Request>> (Stub::*method)(grpc::ClientContext*, Reply*),
                            const typename Request::Header& header, const ByteSource& bytes, const Progress& progress,
                            Reply& reply) const {
  return Run(Repeat::kAllowed, TransferDeadline(), [&](grpc::ClientContext& context) {
    reply.Clear();
    const auto writer = (stub.*method)(&context, &reply);
    const Status local = SendParts(*writer, header, bytes, progress);
    if (!local.ok()) context.TryCancel();
    const Status remote = FromGrpc(writer->Finish());
    return local.ok() ? remote : local;
  });
}

}  // namespace colonnade::client
