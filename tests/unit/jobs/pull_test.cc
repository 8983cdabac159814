// SPDX-License-Identifier: Apache-2.0
// Artifacts on their way out, in both formats.
#include "server/base/status.h"
#include "server/onnx/onnx_proto.h"
#include "tests/unit/jobs/world.h"

namespace colonnade::jobs {
namespace {

class PullTest : public ReadyWorld {
 protected:
  void SetUp() override {
    ReadyWorld::SetUp();
    ASSERT_TRUE(jobs_->Start(1).ok());
    ASSERT_EQ(Await(Submit("good")).state(), v1::JOB_STATE_SUCCEEDED);
  }
  absl::StatusOr<std::ifstream> Pull(v1::ArtifactFormat format, const std::string& name = "good") {
    v1::PullArtifactRequest request;
    request.set_name(name);
    request.set_format(format);
    header_.Clear();
    return artifacts_->Pull(kTenant, request, header_);
  }
  static std::string Read(std::ifstream& file) { return {std::istreambuf_iterator<char>(file), {}}; }
  void ExpectAsAnnounced(const std::string& bytes) {
    EXPECT_EQ(header_.version(), 1);
    EXPECT_EQ(header_.size_bytes(), int64_t(bytes.size()));
    EXPECT_EQ(header_.sha256(), sealed::Sha256Hex(bytes));
  }

  v1::PullArtifactResponse::Header header_;
};

TEST_F(PullTest, NativeIsTheStoredFile) {
  auto file = Pull(v1::ARTIFACT_FORMAT_NATIVE);
  ASSERT_TRUE(file.ok()) << file.status();
  ExpectAsAnnounced(Read(*file));
  EXPECT_TRUE(std::filesystem::exists(blobs_->Path(header_.sha256())));
}

TEST_F(PullTest, OnnxIsMadeOfIt) {
  auto file = Pull(v1::ARTIFACT_FORMAT_ONNX);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string bytes = Read(*file);
  ExpectAsAnnounced(bytes);
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(bytes));
  EXPECT_EQ(model.metadata_props(0).value(), "good:1");
}

TEST_F(PullTest, OnnxLeavesNothingBehind) {
  EXPECT_TRUE(Pull(v1::ARTIFACT_FORMAT_ONNX).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "blobs/incoming"));
}

TEST_F(PullTest, StaysReadableWhenTheArtifactIsDeleted) {
  auto file = Pull(v1::ARTIFACT_FORMAT_NATIVE);
  v1::DeleteArtifactRequest request;
  request.set_name("good");
  request.set_version(1);
  ASSERT_TRUE(artifacts_->Delete(kTenant, request).ok());
  ExpectAsAnnounced(Read(*file));
}

TEST_F(PullTest, SaysThatThereIsNone) {
  for (const auto format : {v1::ARTIFACT_FORMAT_NATIVE, v1::ARTIFACT_FORMAT_ONNX}) {
    EXPECT_EQ(Pull(format, "nothing").status().code(), absl::StatusCode::kNotFound);
  }
}

TEST_F(PullTest, RefusesFormatsThatAreNone) { EXPECT_EQ(FieldOf(Pull(v1::ArtifactFormat(7)).status()), "format"); }

TEST(Converter, SaysWhenTheProgramIsMissingOrDies) {
  EXPECT_EQ(Converter("/nonexistent").ToOnnx("a", "b").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Converter("/bin/false").ToOnnx("a", "b").code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace colonnade::jobs
