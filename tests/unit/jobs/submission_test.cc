// SPDX-License-Identifier: Apache-2.0
// What a job request is refused for, before anything has changed.
#include "server/jobs/submission.h"

#include "server/base/status.h"
#include "tests/unit/jobs/world.h"

namespace colonnade::jobs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SubmissionTest : public ReadyWorld {
 protected:
  // The field that is refused; also checks that no job came of it.
  std::string RefusedField(const v1::SubmitJobRequest& request) {
    const absl::Status status = Refusal(request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    v1::ListJobsResponse jobs;
    EXPECT_TRUE(jobs_->List(kTenant, {}, jobs).ok());
    EXPECT_EQ(jobs.jobs_size(), 0);
    return FieldOf(status);
  }
};

TEST_F(SubmissionTest, ResolvesWhatItTakes) {
  const v1::Job job = Job(Submit("good"));
  EXPECT_EQ(job.array(), "16x18a8");
  EXPECT_EQ(job.recipe().packing().alpha(), 8);
  EXPECT_TRUE(job.recipe().training().has_final_epochs());
}

TEST_F(SubmissionTest, RefusesRecipesOutOfRange) {
  v1::SubmitJobRequest request = Request("good");
  request.mutable_recipe()->mutable_packing()->set_alpha(0);
  EXPECT_EQ(RefusedField(request), "recipe.packing.alpha");
  request.mutable_recipe()->mutable_packing()->set_alpha(9);
  EXPECT_EQ(RefusedField(request), "recipe.packing.alpha");
  request = Request("good");
  request.mutable_recipe()->mutable_packing()->set_gamma(-0.5);
  EXPECT_EQ(RefusedField(request), "recipe.packing.gamma");
  request = Request("good");
  request.mutable_recipe()->mutable_training()->set_final_epochs(1'000'000'000);
  EXPECT_EQ(RefusedField(request), "recipe.training.final_epochs");
}

TEST_F(SubmissionTest, RefusesSettingsThatAreNotCarriedOut) {
  v1::SubmitJobRequest request = Request("good");
  v1::PrivacySettings& privacy = *request.mutable_recipe()->mutable_privacy();
  privacy.set_epsilon(1);
  privacy.set_delta(1e-5);
  privacy.set_clip_norm(1);
  EXPECT_EQ(Refusal(request).code(), absl::StatusCode::kUnimplemented);
}

TEST_F(SubmissionTest, RefusesOtherFieldsOutOfRange) {
  v1::SubmitJobRequest request = Request("good");
  request.set_array("0x18a8");
  EXPECT_EQ(RefusedField(request), "array");
  request = Request("good");
  request.set_priority(101);
  EXPECT_EQ(RefusedField(request), "priority");
  request = Request("../good");
  EXPECT_EQ(RefusedField(request), "artifact");
  request = Request("good");
  request.set_request_id("with a space");
  EXPECT_EQ(RefusedField(request), "request_id");
}

TEST_F(SubmissionTest, NamesWhatIsMissing) {
  v1::SubmitJobRequest request = Request("good");
  request.set_model("absent");
  EXPECT_EQ(Refusal(request).code(), absl::StatusCode::kNotFound);
  request = Request("good", "absent");
  EXPECT_EQ(Refusal(request).code(), absl::StatusCode::kNotFound);
}

TEST_F(SubmissionTest, KeepsRolesApart) {
  ASSERT_TRUE(PushDataset("test", 50, v1::DATA_ROLE_EVALUATION).ok());
  EXPECT_EQ(RefusedField(Request("good", "test")), "dataset");
  v1::SubmitJobRequest request = Request("good");
  request.set_evaluation("data");
  EXPECT_EQ(RefusedField(request), "evaluation");
  request.set_evaluation("test");
  EXPECT_TRUE(Refusal(request).ok());
}

TEST_F(SubmissionTest, TakesNoTrainingDataInModeDataFreeOnly) {
  ASSERT_TRUE(PushDataset("test", 50, v1::DATA_ROLE_EVALUATION).ok());
  v1::SubmitJobRequest request = Request("good", "");
  request.set_evaluation("test");
  EXPECT_EQ(RefusedField(request), "dataset");
  request.mutable_recipe()->mutable_training()->set_mode(v1::TrainingSettings::DATA_FREE);
  request.set_dataset("data");
  EXPECT_EQ(RefusedField(request), "dataset");
  request.clear_dataset();
  request.clear_evaluation();
  EXPECT_EQ(RefusedField(request), "evaluation");
  request.set_evaluation("test");
  EXPECT_TRUE(Refusal(request).ok());
}

TEST_F(SubmissionTest, RefusesImagesOfAnotherShape) {
  ASSERT_TRUE(PushModel("other", Onnx(2)).ok());
  v1::SubmitJobRequest request = Request("good");
  request.set_model("other");
  const nn::Shape a = RandomNetwork(1).input_shape(), b = RandomNetwork(2).input_shape();
  ASSERT_NE(a, b);
  EXPECT_EQ(RefusedField(request), "dataset");
}

TEST_F(SubmissionTest, RefusesErasedData) {
  v1::DeleteDatasetRequest erase;
  erase.set_name("data");
  v1::DeleteDatasetResponse response;
  ASSERT_TRUE(datasets_->Delete(kTenant, erase, response).ok());
  const absl::Status status = Refusal(Request("good"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("upload them again"));
}

}  // namespace
}  // namespace colonnade::jobs
