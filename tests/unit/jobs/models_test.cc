// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/models.h"

#include <fstream>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/jobs/sweep_blobs.h"
#include "tests/unit/jobs/world.h"

namespace colonnade::jobs {
namespace {

using ::testing::HasSubstr;

class ModelsTest : public World {
 protected:
  v1::ListModelsResponse List(int size, const std::string& token = "") {
    v1::ListModelsRequest request;
    request.mutable_page()->set_page_size(size);
    request.mutable_page()->set_page_token(token);
    v1::ListModelsResponse response;
    EXPECT_TRUE(models_->List(kTenant, request, response).ok());
    return response;
  }
  absl::Status Get(const std::string& name, const std::string& tenant = kTenant) {
    v1::GetModelRequest request;
    request.set_name(name);
    return models_->Get(tenant, request, model_);
  }
  absl::Status Delete(const std::string& name, const std::string& tenant = kTenant) {
    v1::DeleteModelRequest request;
    request.set_name(name);
    return models_->Delete(tenant, request);
  }
};

TEST_F(ModelsTest, KeepsWhatWasExamined) {
  ASSERT_TRUE(PushModel("net", Onnx()).ok());
  Reopen();
  ASSERT_TRUE(Get("net").ok());
  EXPECT_TRUE(model_.report().accepted());
  EXPECT_EQ(model_.sha256(), sealed::Sha256Hex(Onnx()));
  EXPECT_TRUE(std::filesystem::exists(blobs_->Path(model_.sha256())));
}

TEST_F(ModelsTest, RefusesWhatIsNoModelAndKeepsNothing) {
  EXPECT_EQ(PushModel("net", "no model at all").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Get("net").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(blobs_->Path(sealed::Sha256Hex("no model at all"))));
}

TEST_F(ModelsTest, RefusesBytesWithAnotherDigest) {
  v1::PushModelRequest::Header header;
  header.set_name("net");
  header.set_sha256(sealed::Sha256Hex("other"));
  const absl::Status status = models_->Push(kTenant, header, FeedOf(Onnx()), model_);
  EXPECT_EQ(FieldOf(status), "header.sha256");
}

TEST_F(ModelsTest, SameBytesAgainAreTheSameModel) {
  ASSERT_TRUE(PushModel("net", Onnx()).ok());
  const auto created = model_.create_time().seconds();
  now_ += 100;
  ASSERT_TRUE(PushModel("net", Onnx()).ok());
  EXPECT_EQ(model_.create_time().seconds(), created);
}

TEST_F(ModelsTest, OtherBytesUnderTheNameAreRefused) {
  ASSERT_TRUE(PushModel("net", Onnx(1)).ok());
  EXPECT_EQ(PushModel("net", Onnx(2)).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ModelsTest, ARequestIdStandsForOneContent) {
  ASSERT_TRUE(PushModel("net", Onnx(1), kTenant, "id").ok());
  ASSERT_TRUE(PushModel("net", Onnx(1), kTenant, "id").ok());
  EXPECT_EQ(PushModel("net2", Onnx(1), kTenant, "id").code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ModelsTest, ARequestIdIsForgottenAfterTwoDays) {
  ASSERT_TRUE(PushModel("net", Onnx(1), kTenant, "id").ok());
  now_ += 49 * 3600;
  ASSERT_TRUE(PushModel("net2", Onnx(2), kTenant, "id2").ok());
  EXPECT_TRUE(PushModel("net3", Onnx(3), kTenant, "id").ok());
}

TEST_F(ModelsTest, TenantsDoNotSeeEachOther) {
  ASSERT_TRUE(PushModel("net", Onnx(1)).ok());
  EXPECT_EQ(Get("net", "acme").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Delete("net", "acme").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(PushModel("net", Onnx(2), "acme").ok());
}

TEST_F(ModelsTest, ListsInPages) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(PushModel(name, Onnx()).ok());
  const auto first = List(2);
  ASSERT_EQ(first.models_size(), 2);
  EXPECT_EQ(first.models(1).name(), "b");
  const auto second = List(2, first.next_page_token());
  ASSERT_EQ(second.models_size(), 1);
  EXPECT_EQ(second.models(0).name(), "c");
  EXPECT_TRUE(second.next_page_token().empty());
}

TEST_F(ModelsTest, BytesGoWithTheLastModelThatHasThem) {
  ASSERT_TRUE(PushModel("a", Onnx()).ok());
  ASSERT_TRUE(PushModel("b", Onnx()).ok());
  const std::string blob = blobs_->Path(model_.sha256());
  ASSERT_TRUE(Delete("a").ok());
  EXPECT_TRUE(std::filesystem::exists(blob));
  ASSERT_TRUE(Delete("b").ok());
  EXPECT_FALSE(std::filesystem::exists(blob));
}

TEST_F(ModelsTest, ARefusedPushLeavesNoBytes) {
  ASSERT_TRUE(PushModel("net", Onnx(1)).ok());
  EXPECT_FALSE(PushModel("net", Onnx(2)).ok());
  EXPECT_EQ(blobs_->List()->size(), 1u);
}

TEST_F(ModelsTest, BytesWithoutAModelAreSweptAtStart) {
  ASSERT_TRUE(PushModel("net", Onnx(1)).ok());
  auto stray = blobs_->Receive().value();
  ASSERT_TRUE(stray->Append("nobody's").ok() && stray->Finish().ok() && stray->Keep().ok());
  ASSERT_EQ(blobs_->List()->size(), 2u);
  ASSERT_TRUE(SweepBlobs(*database_, *blobs_).ok());
  EXPECT_EQ(*blobs_->List(), std::vector<std::string>{model_.sha256()});
}

TEST_F(ModelsTest, SaysThatItRefused) {
  EXPECT_EQ(DetailsOf(PushModel("net", "no model at all")).reason, "MODEL_REFUSED");
  Inspector missing("/nowhere/colonnade-inspect");
  v1::ModelReport report;
  const absl::Status status = missing.Examine("x", report);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(DetailsOf(status).reason, "");
}

TEST_F(ModelsTest, InspectsWithoutStoring) {
  v1::InspectModelRequest::Header header;
  v1::ModelReport report;
  ASSERT_TRUE(models_->Inspect(kTenant, header, FeedOf(Onnx()), report).ok());
  EXPECT_TRUE(report.accepted());
  EXPECT_EQ(List(10).models_size(), 0);
}

TEST_F(ModelsTest, AHostileFileDoesNotHurt) {
  std::ifstream seed(COLONNADE_SOURCE_DIR "/tests/golden/onnx/crash_max_pool_stride_zero.onnx", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(seed), {}};
  ASSERT_FALSE(bytes.empty());
  EXPECT_FALSE(PushModel("net", bytes).ok());
  EXPECT_TRUE(PushModel("net", Onnx()).ok());
}

}  // namespace
}  // namespace colonnade::jobs
