// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/sha256.h"
#include "server/sealed/signer.h"
#include "tests/unit/privacy/vault_fixture.h"

namespace colonnade::privacy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Sha256Of(std::string_view bytes) {
  sealed::Sha256 digest;
  digest.Append(bytes);
  return digest.Finish();
}

// What an outsider checks, with the public key in hand.
bool IsIntact(const std::vector<ErasureInfo>& chain) {
  std::string previous(32, '\0');
  for (size_t i = 0; i < chain.size(); ++i) {
    const std::string bytes = SignedBytes(chain[i]);
    if (chain[i].sequence != int64_t(i) + 1 || chain[i].previous_sha256 != previous) return false;
    if (!sealed::VerifySignature(bytes, chain[i].signature, chain[0].public_key)) return false;
    previous = Sha256Of(bytes);
  }
  return true;
}

class Erasure : public VaultFixture {
 protected:
  std::vector<ErasureInfo> Chain() { return vault_->ListErasures(tenant_, 1, 100).value(); }
  double Purged() { return metrics_.counts["colonnade_data_purged_bytes_total"]; }
  std::string KeyId(const std::string& name) { return Text("SELECT key_id FROM datasets WHERE name = ?", name); }
  std::string Text(const char* sql, const std::string& argument) {
    std::string text;
    EXPECT_TRUE(database_
                    ->Read([&](store::Connection& rows) -> absl::Status {
                      COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run(sql, {argument}));
                      text = found.at(0).Text(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return text;
  }
  std::filesystem::path KeyPath(const std::string& name) { return VaultFolder() / "keys" / (KeyId(name) + ".key"); }
  // As step 1 of an erasure leaves it.
  void MarkErasing(const std::string& name) {
    const char* mark = "UPDATE datasets SET state = 2, erase_reason = 'retention', erase_jobs = 'j1' WHERE name = ?";
    ASSERT_TRUE(Sql(mark, {name}).ok());
  }
  void ExpectErased(const std::string& name) {
    const DatasetInfo info = vault_->Get(tenant_, name).value();
    ASSERT_TRUE(info.erased());
    EXPECT_EQ(info.erasure->reason, "retention");
    EXPECT_THAT(info.erasure->jobs, ElementsAre("j1"));
    EXPECT_EQ(DataFiles(), 0u);
    EXPECT_EQ(KeyFiles(), 0u);
    EXPECT_TRUE(IsIntact(Chain()));
    EXPECT_EQ(Chain().size(), 1u);
    EXPECT_EQ(Purged(), 10.0 * kRecordBytes);
  }
};

TEST_F(Erasure, RemovesKeyAndCiphertextAndKeepsTheEntry) {
  MustPush("a", Records(0, 10));
  ASSERT_TRUE(Erase("a").ok());
  EXPECT_EQ(DataFiles(), 0u);
  EXPECT_EQ(KeyFiles(), 0u);
  EXPECT_TRUE(vault_->Get(tenant_, "a")->erased());
  EXPECT_EQ(ReadBack("a").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Purged(), 10.0 * kRecordBytes);
}

TEST_F(Erasure, TheRecordSaysWhatIsGone) {
  MustPush("a", Records(0, 10));
  const std::string ciphertext = sealed::Sha256Hex(FileBytes(vault_->OpenForJob(tenant_, "a", Role::kTrain)->path));
  const std::string key_id = KeyId("a");
  now_ += absl::Minutes(5) + absl::Nanoseconds(1) / 4;  // finer than what is stored
  const ErasureInfo erasure = vault_->Erase(tenant_, "a", "jobs_finished", {"job-1", "job-2"}).value();
  EXPECT_EQ(erasure.sequence, 1);
  EXPECT_EQ(erasure.tenant, tenant_);
  EXPECT_EQ(erasure.dataset, "a");
  EXPECT_EQ(erasure.source, "digits");
  EXPECT_EQ(erasure.records, 10);
  EXPECT_EQ(erasure.time, absl::FromUnixSeconds(1'700'000'300));
  EXPECT_EQ(erasure.reason, "jobs_finished");
  EXPECT_EQ(erasure.ciphertext_sha256, ciphertext);
  EXPECT_EQ(erasure.key_id, key_id);
  EXPECT_THAT(erasure.jobs, ElementsAre("job-1", "job-2"));
  EXPECT_EQ(erasure.previous_sha256, std::string(32, '\0'));
  EXPECT_EQ(SignedBytes(Chain()[0]), SignedBytes(erasure));
}

TEST_F(Erasure, RecordsAreSignedAndChainedAcrossReopening) {
  for (const char* name : {"a", "b", "c"}) MustPush(name, Records(0, 10));
  ASSERT_TRUE(Erase("b").ok());
  Reopen();
  ASSERT_TRUE(Erase("a").ok());
  ASSERT_TRUE(Erase("c").ok());
  EXPECT_EQ(Chain().size(), 3u);
  EXPECT_TRUE(IsIntact(Chain()));
  EXPECT_EQ(vault_->ListErasures(tenant_, 2, 1)->at(0).dataset, "a");
}

TEST_F(Erasure, AnyChangeToTheChainShows) {
  for (const char* name : {"a", "b", "c"}) MustPush(name, Records(0, 10));
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Erase(name).ok());
  auto changed = Chain();
  changed[1].records = 9;
  EXPECT_FALSE(IsIntact(changed));
  auto removed = Chain();
  removed.erase(removed.begin() + 1);
  EXPECT_FALSE(IsIntact(removed));
  auto swapped = Chain();
  std::swap(swapped[1], swapped[2]);
  EXPECT_FALSE(IsIntact(swapped));
  ASSERT_TRUE(Sql("UPDATE erasures SET reason = 'retention' WHERE sequence = 2").ok());
  EXPECT_FALSE(IsIntact(Chain()));
}

TEST_F(Erasure, TenantsHaveChainsOfTheirOwn) {
  MustPush("a", Records(0, 10));
  ASSERT_TRUE(Erase("a").ok());
  tenant_ = "other";
  MustPush("a", Records(0, 10));
  EXPECT_EQ(Erase("a")->sequence, 1);
  EXPECT_TRUE(IsIntact(Chain()));
}

TEST_F(Erasure, HappensOnce) {
  MustPush("a", Records(0, 10));
  const ErasureInfo first = Erase("a").value();
  now_ += absl::Hours(1);
  const ErasureInfo second = vault_->Erase(tenant_, "a", "retention", {"j"}).value();
  EXPECT_EQ(SignedBytes(second), SignedBytes(first));
  EXPECT_EQ(second.signature, first.signature);
  EXPECT_EQ(Chain().size(), 1u);
  EXPECT_EQ(Purged(), 10.0 * kRecordBytes);
}

TEST_F(Erasure, OfNothingOrAnothersIsNotFound) {
  EXPECT_EQ(Erase("a").status().code(), absl::StatusCode::kNotFound);
  MustPush("a", Records(0, 10));
  EXPECT_EQ(vault_->Erase("other", "a", "requested", {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DataFiles(), 1u);
}

TEST_F(Erasure, CutOffAfterTheMarkIsCompletedByOpen) {
  MustPush("a", Records(0, 10));
  MarkErasing("a");
  Reopen();
  ExpectErased("a");
}

TEST_F(Erasure, CutOffAfterTheKeyIsCompletedByOpen) {
  MustPush("a", Records(0, 10));
  MarkErasing("a");
  ASSERT_TRUE(std::filesystem::remove(KeyPath("a")));
  Reopen();
  ExpectErased("a");
}

TEST_F(Erasure, CutOffAfterTheCiphertextIsCompletedByOpen) {
  MustPush("a", Records(0, 10));
  MarkErasing("a");
  ASSERT_TRUE(std::filesystem::remove(KeyPath("a")));
  std::filesystem::remove_all(VaultFolder() / "data");
  Reopen();
  ExpectErased("a");
}

TEST_F(Erasure, WhatFailedIsTakenUpByTheNextCall) {
  MustPush("a", Records(0, 10));
  MarkErasing("a");
  database_->fail_writes = true;
  EXPECT_FALSE(Erase("a").ok());
  database_->fail_writes = false;
  ASSERT_TRUE(Erase("a").ok());
  ExpectErased("a");
}

TEST_F(Erasure, WhileItGoesOnNothingCanBeReadOrReplaced) {
  MustPush("a", Records(0, 10));
  MarkErasing("a");
  EXPECT_EQ(ReadBack("a").status().code(), absl::StatusCode::kFailedPrecondition);
  const absl::Status status = Push("a", Records(0, 10)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(MessageOf(status), HasSubstr("is being erased"));
}

TEST_F(Erasure, TheNameOfAnErasedDataSetCanBeUsedAgain) {
  MustPush("a", Records(0, 10));
  ASSERT_TRUE(Erase("a").ok());
  MustPush("a", Records(5, 10));
  EXPECT_FALSE(vault_->Get(tenant_, "a")->erased());
  EXPECT_EQ(*ReadBack("a"), Records(5, 10));
  EXPECT_EQ(Chain().size(), 1u);
  EXPECT_EQ(Erase("a")->sequence, 2);
  EXPECT_TRUE(IsIntact(Chain()));
}

TEST_F(Erasure, RetentionMakesDataSetsOverdue) {
  DatasetSpec spec = Spec("a", Records(0, 10));
  spec.retain = absl::Minutes(1);
  ASSERT_TRUE(Push(spec, Records(0, 10)).ok());
  MustPush("forever", Records(0, 10));
  now_ += absl::Seconds(59);
  EXPECT_TRUE(vault_->Overdue()->empty());
  now_ += absl::Seconds(1);
  ASSERT_EQ(vault_->Overdue()->size(), 1u);
  EXPECT_EQ(vault_->Overdue()->at(0).spec.name, "a");
  MarkErasing("a");
  EXPECT_EQ(vault_->Overdue()->size(), 1u);
  ASSERT_TRUE(Erase("a").ok());
  EXPECT_TRUE(vault_->Overdue()->empty());
}

}  // namespace
}  // namespace colonnade::privacy
