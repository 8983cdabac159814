// SPDX-License-Identifier: Apache-2.0
// The server over a unix socket with a model that needs no artifact.
#include "server/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "inference/inference.grpc.pb.h"
#include "tests/unit/serving/fakes.h"

namespace colonnade::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using inference::GRPCInferenceService;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { catalog_.Publish("default", "toy", 1), catalog_.Publish("acme", "toy", 5); }

  void Start(bool trust_tenant = false) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("colonnade_rpc_" + std::to_string(::getpid()))).string();
    auto started = Server::Start({{"unix:" + path, "127.0.0.1:0"}, trust_tenant, "1.2.3"}, {engine_, metrics_});
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    server_->SetServing(true);
    channel_ = grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials());
    stub_ = GRPCInferenceService::NewStub(channel_);
  }

  grpc::Status Infer(const inference::ModelInferRequest& request, const std::string& tenant = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!tenant.empty()) context.AddMetadata("colonnade-tenant", tenant);
    response_.Clear();
    return stub_->ModelInfer(&context, request, &response_);
  }

  static inference::ModelInferRequest Request() {
    inference::ModelInferRequest request;
    request.set_model_name("toy");
    request.set_id("42");
    auto* input = request.add_inputs();
    input->set_name("image");
    input->set_datatype("FP32");
    for (const int extent : {1, 1, 2, 2}) input->add_shape(extent);
    const float pixels[] = {5, 1, 2, 3};
    request.add_raw_input_contents(pixels, sizeof pixels);
    return request;
  }

  serving::FakeCatalog catalog_;
  serving::ModelManager models_{catalog_, [](const serving::CatalogEntry& entry) {
    return serving::SharedModel(std::make_shared<serving::FakeModel>(entry.name, entry.version));
  }, 4};
  NoMetrics metrics_;
  serving::InferenceEngine engine_{models_, metrics_, 4};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<GRPCInferenceService::Stub> stub_;
  inference::ModelInferResponse response_;
};

TEST_F(ServerTest, AnswersInRawContents) {
  Start();
  ASSERT_TRUE(Infer(Request()).ok());
  EXPECT_EQ(response_.id(), "42");
  EXPECT_EQ(response_.model_version(), "1");
  EXPECT_EQ(response_.parameters().at("executor").string_param(), "kernels");
  EXPECT_EQ(response_.parameters().at("array_cycles").int64_param(), 10);
  EXPECT_THAT(response_.outputs(0).shape(), ElementsAre(1, 2));
  float logits[2];
  ASSERT_EQ(response_.raw_output_contents(0).size(), sizeof logits);
  std::memcpy(logits, response_.raw_output_contents(0).data(), sizeof logits);
  EXPECT_THAT(logits, ElementsAre(11, 5));
}

TEST_F(ServerTest, AnswersTypedOnRequest) {
  Start();
  auto request = Request();
  (*request.mutable_parameters())["typed_output"].set_bool_param(true);
  ASSERT_TRUE(Infer(request).ok());
  EXPECT_THAT(response_.outputs(0).contents().fp32_contents(), ElementsAre(11, 5));
  EXPECT_EQ(response_.raw_output_contents_size(), 0);
}

TEST_F(ServerTest, UnknownModelsAreNotFoundButMerelyNotReady) {
  Start();
  auto request = Request();
  request.set_model_name("nobody");
  const grpc::Status status = Infer(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("Request for unknown model"));
  grpc::ClientContext context;
  inference::ModelReadyRequest ready;
  ready.set_name("nobody");
  inference::ModelReadyResponse answer;
  EXPECT_TRUE(stub_->ModelReady(&context, ready, &answer).ok());
  EXPECT_FALSE(answer.ready());
}

TEST_F(ServerTest, TenantsAreBelievedOnlyWhenToldSo) {
  Start(false);
  EXPECT_EQ(Infer(Request(), "acme").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Infer(Request(), "Not A Name").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Infer(Request(), "default").ok());
  server_.reset();
  Start(true);
  ASSERT_TRUE(Infer(Request(), "acme").ok());
  EXPECT_EQ(response_.model_version(), "5");
}

TEST_F(ServerTest, MetadataTellsServerAndModel) {
  Start();
  grpc::ClientContext first, second;
  inference::ServerMetadataResponse server;
  ASSERT_TRUE(stub_->ServerMetadata(&first, {}, &server).ok());
  EXPECT_EQ(server.name(), "colonnade");
  EXPECT_EQ(server.version(), "1.2.3");
  inference::ModelMetadataRequest request;
  request.set_name("toy");
  inference::ModelMetadataResponse model;
  ASSERT_TRUE(stub_->ModelMetadata(&second, request, &model).ok());
  EXPECT_THAT(model.versions(), ElementsAre("1"));
  EXPECT_THAT(model.inputs(0).shape(), ElementsAre(-1, 1, 2, 2));
}

TEST_F(ServerTest, TakesAndReportsAFreePort) {
  Start();
  EXPECT_THAT(server_->addresses().at(1), ::testing::MatchesRegex("127.0.0.1:[1-9][0-9]+"));
}

TEST_F(ServerTest, AnAddressInUseIsAnError) {
  Start();
  const auto second = Server::Start({{server_->addresses().at(1)}, false, ""}, {engine_, metrics_});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(second.status().ToString(), HasSubstr(server_->addresses().at(1)));
}

TEST_F(ServerTest, MessagesMayBeLargerThanTheDefaultLimit) {
  Start();
  auto request = Request();
  request.mutable_raw_input_contents(0)->assign(8 << 20, '\0');
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_raw_input_contents(0)->assign(size_t(kMaxMessageBytes), '\0');
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace colonnade::rpc
