// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/privacy/vault_fixture.h"

namespace colonnade::privacy {
namespace {

using ::testing::HasSubstr;

class UploadTest : public VaultFixture {
 protected:
  // Nothing stored, nothing charged, no source registered.
  void ExpectNothing() {
    EXPECT_EQ(vault_->Get(tenant_, "a").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(vault_->GetSource(tenant_, "digits").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(DataFiles(), 0u);
    EXPECT_EQ(KeyFiles(), 0u);
  }
  void ExpectRefused(const DatasetSpec& spec, const std::string& bytes, const std::string& message) {
    const absl::Status status = Push(spec, bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(MessageOf(status), HasSubstr(message));
    ExpectNothing();
  }
};

TEST_F(UploadTest, WhatWasUploadedIsReadByAJob) {
  const std::string bytes = Records(0, 50);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{12}, size_t{1000}}) {
    const std::string name = fmt::format("piece-{}", piece);
    ASSERT_TRUE(Push(Spec(name, bytes), bytes, piece).ok());
    EXPECT_EQ(*ReadBack(name), bytes);
  }
}

TEST_F(UploadTest, EveryFieldComesBackAlsoAfterReopening) {
  const std::string bytes = Records(0, 3) + Record(0);
  DatasetSpec spec = Spec("a", bytes);
  spec.request_id = "request-1";
  spec.mean = {0.485, 1e-300, 0.1};
  spec.retain = absl::Hours(2);
  spec.keep_after_jobs = true;
  const DatasetInfo pushed = Push(spec, bytes).value();
  Reopen();
  const DatasetInfo got = vault_->Get(tenant_, "a").value();
  for (const DatasetInfo& info : {pushed, got}) {
    EXPECT_EQ(info.spec, spec);
    EXPECT_EQ(info.create_time, now_);
    EXPECT_EQ(info.erase_time, now_ + absl::Hours(2));
    EXPECT_EQ(info.distinct_records, 3);
    EXPECT_EQ(info.size_bytes, 4 * kRecordBytes);
    EXPECT_TRUE(info.labelled);
    EXPECT_FALSE(info.erased());
  }
}

TEST_F(UploadTest, UnlabelledRecordsAreToldApart) {
  const std::string bytes = Records(0, 3, kNoLabel);
  EXPECT_FALSE(Push("a", bytes)->labelled);
  EXPECT_EQ(vault_->Get(tenant_, "a")->erase_time, std::nullopt);
}

TEST_F(UploadTest, AnUploadThatIsDroppedLeavesNothing) {
  const std::string bytes = Records(0, 10);
  {
    const auto upload = vault_->Begin(Spec("a", bytes)).value();
    ASSERT_TRUE(upload->Append(bytes).ok());
    EXPECT_EQ(DataFiles(), 1u);
  }
  ExpectNothing();
}

TEST_F(UploadTest, AnUploadThatIsCutOffLeavesNothing) {
  const std::string bytes = Records(0, 10);
  Close();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool sent = TryToOpen().ok() && (*vault_->Begin(Spec("a", bytes))).release()->Append(bytes).ok();
    ::_exit(sent ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(DataFiles(), 1u);
  Reopen();
  ExpectNothing();
}

TEST_F(UploadTest, AFailedTransactionLeavesNothing) {
  const std::string bytes = Records(0, 10);
  database_->fail_writes = true;
  EXPECT_EQ(Push("a", bytes).status().code(), absl::StatusCode::kResourceExhausted);
  database_->fail_writes = false;
  ExpectNothing();
  EXPECT_TRUE(Push("a", bytes).ok());
}

TEST_F(UploadTest, ALabelOutOfRangeIsRefused) {
  const std::string bytes = Records(0, 3) + Record(3, 10);
  ExpectRefused(Spec("a", bytes), bytes, "record 3 (counted from 0) has a label that is not within 0 to 9");
}

TEST_F(UploadTest, AnotherNumberOfRecordsIsRefused) {
  const std::string bytes = Records(0, 3);
  ExpectRefused(Spec("a", bytes + Record(3)), bytes, "4 records of 12 bytes were announced; 3 came");
  ExpectRefused(Spec("a", bytes), Records(0, 2) + "x", "3 records of 12 bytes were announced; 2 and a part came");
  ExpectRefused(Spec("a", bytes), bytes + "x", "3 records of 12 bytes were announced; more than that follow");
  ExpectRefused(Spec("a", bytes), "", "0 came");
}

TEST_F(UploadTest, AnotherDigestIsRefused) {
  DatasetSpec spec = Spec("a", Records(1, 3));
  ExpectRefused(spec, Records(0, 3), "the bytes received have " + sealed::Sha256Hex(Records(0, 3)));
}

TEST_F(UploadTest, CannotGoOnAfterAnError) {
  const std::string bytes = Record(0, 99) + Record(1);
  const auto upload = vault_->Begin(Spec("a", bytes)).value();
  EXPECT_FALSE(upload->Append(bytes.substr(0, 12)).ok());
  EXPECT_FALSE(upload->Append(bytes.substr(12)).ok());
  EXPECT_FALSE(upload->Commit().ok());
  ExpectNothing();
}

TEST_F(UploadTest, CommitsOnce) {
  const std::string bytes = Records(0, 2);
  const auto upload = vault_->Begin(Spec("a", bytes)).value();
  ASSERT_TRUE(upload->Append(bytes).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_FALSE(upload->Commit().ok());
  EXPECT_FALSE(upload->Append("x").ok());
  EXPECT_EQ(*ReadBack("a"), bytes);
}

TEST_F(UploadTest, ANameInUseIsRefusedBeforeTheBytesCome) {
  MustPush("a", Records(0, 2));
  const absl::Status status = vault_->Begin(Spec("a", Records(5, 2))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(DetailsOf(status).resource_name, "a");
  DatasetSpec other_settings = Spec("a", Records(0, 2));
  other_settings.classes = 11;
  EXPECT_EQ(vault_->Existing(other_settings).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(UploadTest, AnEqualUploadFindsTheStoredOne) {
  const std::string bytes = Records(0, 2);
  EXPECT_EQ(*vault_->Existing(Spec("a", bytes)), std::nullopt);
  MustPush("a", bytes);
  now_ += absl::Hours(1);
  const auto existing = vault_->Existing(Spec("a", bytes)).value();
  ASSERT_TRUE(existing.has_value());
  EXPECT_EQ(existing->create_time, now_ - absl::Hours(1));
}

TEST_F(UploadTest, EqualUploadsAtTheSameTimeBecomeOne) {
  const std::string bytes = Records(0, 2);
  const auto first = vault_->Begin(Spec("a", bytes)).value();
  const auto second = vault_->Begin(Spec("a", bytes)).value();
  for (const auto& upload : {first.get(), second.get()}) {
    ASSERT_TRUE(upload->Append(bytes).ok());
    EXPECT_TRUE(upload->Commit().ok());
  }
  EXPECT_EQ(DataFiles(), 1u);
  EXPECT_EQ(KeyFiles(), 1u);
  EXPECT_EQ(*ReadBack("a"), bytes);
}

TEST_F(UploadTest, ARequestIdBelongsToOneUpload) {
  DatasetSpec spec = Spec("a", Records(0, 2));
  spec.request_id = "r1";
  ASSERT_TRUE(Push(spec, Records(0, 2)).ok());
  EXPECT_TRUE(vault_->Existing(spec)->has_value());
  DatasetSpec other = Spec("b", Records(0, 2));
  other.request_id = "r1";
  const absl::Status status = vault_->Begin(other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(MessageOf(status), HasSubstr("request_id 'r1' was used before"));
}

TEST_F(UploadTest, ARepeatedRequestIsAnsweredAfterTheErasureToo) {
  DatasetSpec spec = Spec("a", Records(0, 2));
  spec.request_id = "r1";
  ASSERT_TRUE(Push(spec, Records(0, 2)).ok());
  ASSERT_TRUE(Erase("a").ok());
  EXPECT_TRUE(vault_->Existing(spec).value()->erased());
  spec.request_id = "r2";
  EXPECT_EQ(*vault_->Existing(spec), std::nullopt);
}

}  // namespace
}  // namespace colonnade::privacy
