// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inference_service.h"

#include <gmock/gmock.h>

#include <cstring>

#include "tests/unit/rpc/server_fixture.h"

namespace colonnade::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using inference::GRPCInferenceService;

class InferenceServiceTest : public ServerFixture {
 protected:
  void Start(bool trust_tenant = false) {
    ServerFixture::Start(trust_tenant);
    stub_ = GRPCInferenceService::NewStub(channel_);
  }

  grpc::Status Infer(const inference::ModelInferRequest& request, const std::string& tenant = "") {
    const auto context = Context();
    if (!tenant.empty()) context->AddMetadata("colonnade-tenant", tenant);
    response_.Clear();
    return stub_->ModelInfer(context.get(), request, &response_);
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

  std::unique_ptr<GRPCInferenceService::Stub> stub_;
  inference::ModelInferResponse response_;
};

TEST_F(InferenceServiceTest, AnswersInRawContents) {
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

TEST_F(InferenceServiceTest, AnswersTypedOnRequest) {
  Start();
  auto request = Request();
  (*request.mutable_parameters())["typed_output"].set_bool_param(true);
  ASSERT_TRUE(Infer(request).ok());
  EXPECT_THAT(response_.outputs(0).contents().fp32_contents(), ElementsAre(11, 5));
  EXPECT_EQ(response_.raw_output_contents_size(), 0);
}

TEST_F(InferenceServiceTest, UnknownModelsAreNotFoundButMerelyNotReady) {
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

TEST_F(InferenceServiceTest, TenantsAreBelievedOnlyWhenToldSo) {
  Start(false);
  EXPECT_EQ(Infer(Request(), "acme").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Infer(Request(), "Not A Name").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Infer(Request(), "default").ok());
  server_.reset();
  Start(true);
  ASSERT_TRUE(Infer(Request(), "acme").ok());
  EXPECT_EQ(response_.model_version(), "5");
}

TEST_F(InferenceServiceTest, MetadataTellsServerAndModel) {
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

TEST_F(InferenceServiceTest, MessagesMayBeLargerThanTheDefaultLimit) {
  Start();
  auto request = Request();
  request.mutable_raw_input_contents(0)->assign(8 << 20, '\0');
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_raw_input_contents(0)->assign(size_t(kMaxMessageBytes), '\0');
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace colonnade::rpc
