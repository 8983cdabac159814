// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/support/sync_stream.h>

#include "tests/unit/rpc/server_fixture.h"

namespace colonnade::rpc {
namespace {

using ::testing::HasSubstr;

// Calls to grpc.health.v1 and reflection, whose messages are written out as bytes.
class ServerTest : public ServerFixture {
 protected:
  static grpc::ByteBuffer Bytes(std::string_view bytes) {
    const grpc::Slice slice(bytes.data(), bytes.size());
    return {&slice, 1};
  }

  static std::string Text(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    EXPECT_TRUE(buffer.Dump(&slices).ok());
    std::string text;
    for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return text;
  }

  // HealthCheckResponse.status: 1 SERVING, 2 NOT_SERVING; negative: the code of an error.
  int Health(const std::string& service) {
    const auto context = Context();
    grpc::ByteBuffer response;
    const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC);
    const std::string request = service.empty() ? "" : "\x0a" + std::string(1, char(service.size())) + service;
    const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
        channel_.get(), method, context.get(), Bytes(request), &response);
    return status.ok() ? Text(response).at(1) : -int(status.error_code());
  }

  // ServerReflectionResponse to a ServerReflectionRequest.
  std::string Reflect(std::string_view request) {
    const auto context = Context();
    const grpc::internal::RpcMethod method("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                           grpc::internal::RpcMethod::BIDI_STREAMING);
    const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel_.get(), method,
                                                                                              context.get()));
    grpc::ByteBuffer response;
    EXPECT_TRUE(stream->Write(Bytes(request)) && stream->Read(&response));
    return Text(response);
  }
};

TEST_F(ServerTest, TakesAndReportsAFreePort) {
  Start();
  EXPECT_THAT(server_->addresses().at(1), ::testing::MatchesRegex("127.0.0.1:[1-9][0-9]+"));
}

TEST_F(ServerTest, AnAddressInUseIsAnError) {
  Start();
  const auto second = Server::Start({{server_->addresses().at(1)}, false, ""}, core());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(second.status().ToString(), HasSubstr(server_->addresses().at(1)));
}

TEST_F(ServerTest, HealthFollowsSetServing) {
  Start();
  for (const char* service : {"", "inference.GRPCInferenceService", "colonnade.v1.Packing", "colonnade.v1.System"}) {
    server_->SetServing(true);
    EXPECT_EQ(Health(service), 1) << service;
    server_->SetServing(false);
    EXPECT_EQ(Health(service), 2) << service;
  }
  EXPECT_EQ(Health("nobody.Knows"), -int(grpc::StatusCode::NOT_FOUND));
}

TEST_F(ServerTest, ReflectionListsEveryService) {
  Start();
  const std::string listed = Reflect("\x3a\x01*");  // list_services: "*"
  for (const char* service : {"inference.GRPCInferenceService", "colonnade.v1.Models", "colonnade.v1.Datasets",
                              "colonnade.v1.Packing", "colonnade.v1.Artifacts", "colonnade.v1.System"}) {
    EXPECT_THAT(listed, HasSubstr(service));
  }
}

TEST_F(ServerTest, ReflectionDescribesHealth) {
  Start();
  // file_containing_symbol
  EXPECT_THAT(Reflect("\x22\x15grpc.health.v1.Health"), HasSubstr("HealthCheckResponse"));
}

TEST_F(ServerTest, AfterShutdownNobodyAnswers) {
  Start();
  ASSERT_EQ(Health(""), 1);
  server_->Shutdown(absl::Seconds(1));
  EXPECT_EQ(Health(""), -int(grpc::StatusCode::UNAVAILABLE));
}

}  // namespace
}  // namespace colonnade::rpc
