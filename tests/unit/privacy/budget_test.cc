// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "server/privacy/ledger.h"
#include "tests/unit/privacy/vault_fixture.h"

namespace colonnade::privacy {
namespace {

using ::testing::HasSubstr;
using Budget = VaultFixture;

TEST(CeilingOf, IsTheFractionRoundedDown) {
  EXPECT_EQ(CeilingOf(0.1, 50000), 5000);
  EXPECT_EQ(CeilingOf(0.1, 59), 5);
  EXPECT_EQ(CeilingOf(0.29, 100), 29);
  EXPECT_EQ(CeilingOf(0.1, 9), 0);
  EXPECT_EQ(CeilingOf(1, 1'000'000'000'000), 1'000'000'000'000);
  for (int percent = 1; percent <= 100; ++percent) EXPECT_EQ(CeilingOf(percent / 100.0, 100), percent);
}

TEST_F(Budget, ASourceIsRegisteredByItsFirstUpload) {
  MustPush("a", Records(0, 40));
  const SourceInfo source = vault_->GetSource(tenant_, "digits").value();
  EXPECT_EQ(source.tenant, tenant_);
  EXPECT_EQ(source.samples, 1000);
  EXPECT_EQ(source.ceiling, 100);
  EXPECT_EQ(source.used, 40);
  EXPECT_EQ(source.evaluation_records, 0);
  EXPECT_EQ(source.create_time, now_);
}

TEST_F(Budget, AnotherSizeOfTheSourceIsRefused) {
  MustPush("a", Records(0, 1));
  DatasetSpec spec = Spec("b", Records(1, 1));
  spec.source_samples = 2000;
  const absl::Status status = vault_->Begin(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("registered with 1000 samples, which never changes; this upload says 2000"));
}

TEST_F(Budget, AnotherSizeThatCameInMeanwhileIsRefusedAtCommit) {
  DatasetSpec spec = Spec("b", Records(1, 1));
  spec.source_samples = 2000;
  const auto upload = vault_->Begin(spec).value();
  ASSERT_TRUE(upload->Append(Records(1, 1)).ok());
  MustPush("a", Records(0, 1));
  EXPECT_EQ(upload->Commit().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Used(), 1);
  EXPECT_EQ(DataFiles(), 1u);
  EXPECT_EQ(KeyFiles(), 1u);
}

TEST_F(Budget, TheCeilingCanBeReachedAndNotPassed) {
  MustPush("a", Records(0, 60));
  MustPush("b", Records(60, 40));
  EXPECT_EQ(Used(), 100);
  EXPECT_EQ(Push("c", Records(100, 1)).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(Budget, ARefusalNamesUsedAskedAndCeiling) {
  MustPush("a", Records(0, 80));
  const absl::Status status = Push("b", Records(70, 45)).status();
  EXPECT_EQ(MessageOf(status),
            "dataset: source 'digits' allows 100 distinct training records (10 % of 1000); 80 are used and this "
            "upload adds 35");
  EXPECT_EQ(DetailsOf(status).quota, "source:digits");
  EXPECT_EQ(Used(), 80);
  EXPECT_EQ(vault_->Get(tenant_, "b").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DataFiles(), 1u);
  EXPECT_EQ(KeyFiles(), 1u);
}

TEST_F(Budget, EqualRecordsCostOnce) {
  MustPush("a", Records(0, 50) + Records(0, 50));
  EXPECT_EQ(Used(), 50);
  MustPush("again", Records(0, 50));
  MustPush("relabelled", Records(0, 50, 7));
  EXPECT_EQ(Used(), 50);
  MustPush("half-new", Records(25, 50));
  EXPECT_EQ(Used(), 75);
}

TEST_F(Budget, NothingIsGivenBackByErasure) {
  MustPush("a", Records(0, 80));
  ASSERT_TRUE(Erase("a").ok());
  EXPECT_EQ(Used(), 80);
  EXPECT_FALSE(Push("b", Records(100, 80)).ok());
  MustPush("b", Records(0, 80));
  EXPECT_EQ(Used(), 80);
}

TEST_F(Budget, ReopeningKeepsTheLedger) {
  MustPush("a", Records(0, 80));
  Reopen();
  MustPush("again", Records(0, 80));
  EXPECT_EQ(Used(), 80);
}

TEST_F(Budget, EvaluationRecordsAreCountedAndNotLimited) {
  const std::string bytes = Records(0, 500);
  ASSERT_TRUE(Push(Evaluation(Spec("e", bytes)), bytes).ok());
  const SourceInfo source = vault_->GetSource(tenant_, "digits").value();
  EXPECT_EQ(source.used, 0);
  EXPECT_EQ(source.evaluation_records, 500);
}

TEST_F(Budget, ARecordIsNeverInBothRoles) {
  MustPush("a", Records(0, 10));
  const std::string bytes = Records(8, 10);
  const absl::Status status = Push(Evaluation(Spec("e", bytes)), bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("2 of these records were uploaded before with role train"));
  EXPECT_EQ(vault_->GetSource(tenant_, "digits")->evaluation_records, 0);
}

TEST_F(Budget, AnotherSourceNameDoesNotHideTheOtherRole) {
  const std::string bytes = Records(0, 10);
  DatasetSpec spec = Evaluation(Spec("e", bytes));
  spec.source = "digits-test";
  ASSERT_TRUE(Push(spec, bytes).ok());
  ASSERT_TRUE(Erase("e").ok());
  EXPECT_EQ(Push("a", Records(9, 2)).status().code(), absl::StatusCode::kFailedPrecondition);
  MustPush("b", Records(10, 2));
}

TEST_F(Budget, SourcesAndTenantsAreCountedApart) {
  MustPush("a", Records(0, 80));
  DatasetSpec other = Spec("b", Records(0, 80));
  other.source = "letters";
  ASSERT_TRUE(Push(other, Records(0, 80)).ok());
  EXPECT_EQ(Used("letters"), 80);
  tenant_ = "other";
  ASSERT_TRUE(Push(Evaluation(Spec("a", Records(0, 80))), Records(0, 80)).ok());
  EXPECT_EQ(vault_->GetSource("other", "digits")->evaluation_records, 80);
  EXPECT_EQ(vault_->GetSource("default", "digits")->used, 80);
}

TEST_F(Budget, SimultaneousUploadsNeverPassTheCeiling) {
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 4; ++i) {
        const auto info = Push(fmt::format("t{}-{}", thread, i), Records(uint64_t(100 * thread + 10 * i), 7));
        stored += info.ok();
        EXPECT_TRUE(info.ok() || absl::IsResourceExhausted(info.status())) << info.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, 14);  // 14 x 7 = 98 of 100
  EXPECT_EQ(Used(), 98);
  EXPECT_EQ(DataFiles(), 14u);
  EXPECT_EQ(KeyFiles(), 14u);
}

TEST_F(Budget, IsCheckedAgainWhenAJobStarts) {
  MustPush("a", Records(0, 80));
  ASSERT_TRUE(ReadBack("a").ok());
  ASSERT_TRUE(Sql("UPDATE sources SET ceiling = 79").ok());
  const absl::Status status = ReadBack("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(MessageOf(status), HasSubstr("allows 79 distinct training records (7.9 % of 1000); 80 are used"));
  EXPECT_EQ(DetailsOf(status).quota, "source:digits");
}

}  // namespace
}  // namespace colonnade::privacy
