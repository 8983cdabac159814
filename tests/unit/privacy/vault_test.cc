// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "tests/unit/privacy/vault_fixture.h"

namespace colonnade::privacy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VaultTest : public VaultFixture {
 protected:
  std::vector<std::string> Names(const std::string& after, int limit) {
    std::vector<std::string> names;
    const auto page = vault_->List(tenant_, after, limit).value();
    for (const DatasetInfo& info : page) names.push_back(info.spec.name);
    return names;
  }
  void LoseDatabase() {
    Close();
    std::filesystem::create_directory(folder_.path() / "lost");
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) std::filesystem::rename(entry.path(), Lost(entry.path()));
    }
  }
  void PutDatabaseBack() {
    Close();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "lost")) {
      std::filesystem::rename(entry.path(), folder_.path() / entry.path().filename());
    }
    Reopen();
  }
  std::filesystem::path Lost(const std::filesystem::path& path) const {
    return folder_.path() / "lost" / path.filename();
  }
  std::filesystem::path MasterKey() const { return VaultFolder() / "keys/master.key"; }
};

TEST_F(VaultTest, DataSetsAreListedByNameInPages) {
  for (const char* name : {"c", "a", "b"}) MustPush(name, Records(0, 1));
  EXPECT_THAT(Names("", 10), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Names("", 2), ElementsAre("a", "b"));
  EXPECT_THAT(Names("b", 2), ElementsAre("c"));
}

TEST_F(VaultTest, SourcesAreListedByNameInPages) {
  for (const char* source : {"y", "x", "z"}) {
    DatasetSpec spec = Spec(source, Records(0, 1));
    spec.source = source;
    ASSERT_TRUE(Push(spec, Records(0, 1)).ok());
  }
  const auto page = vault_->ListSources(tenant_, "x", 1).value();
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].name, "y");
  EXPECT_EQ(vault_->ListSources(tenant_, "", 10)->size(), 3u);
}

TEST_F(VaultTest, WhatBelongsToAnotherTenantDoesNotExist) {
  MustPush("a", Records(0, 1));
  ASSERT_TRUE(Erase("a").ok());
  const absl::Status status = vault_->Get("other", "a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DetailsOf(status).resource_type, "dataset");
  EXPECT_EQ(vault_->GetSource("other", "digits").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(vault_->OpenForJob("other", "a", Role::kTrain).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(vault_->List("other", "", 10)->empty());
  EXPECT_TRUE(vault_->ListSources("other", "", 10)->empty());
  EXPECT_TRUE(vault_->ListErasures("other", 1, 10)->empty());
}

TEST_F(VaultTest, TenantsUseNamesIndependently) {
  MustPush("a", Records(0, 1));
  tenant_ = "other";
  MustPush("a", Records(7, 2));
  EXPECT_EQ(*ReadBack("a"), Records(7, 2));
  tenant_ = "default";
  EXPECT_EQ(*ReadBack("a"), Records(0, 1));
}

TEST_F(VaultTest, JobsGetADataSetInItsRoleOnly) {
  MustPush("a", Records(0, 1));
  ASSERT_TRUE(Push(Evaluation(Spec("e", Records(1, 1))), Records(1, 1)).ok());
  EXPECT_EQ(*ReadBack("e", Role::kEvaluation), Records(1, 1));
  EXPECT_EQ(ReadBack("e", Role::kTrain).status().code(), absl::StatusCode::kFailedPrecondition);
  const absl::Status status = ReadBack("a", Role::kEvaluation).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("'a' has role train"));
  EXPECT_EQ(ReadBack("none").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(VaultTest, DataSetsSurviveReopening) {
  MustPush("a", Records(0, 5));
  Reopen();
  EXPECT_EQ(*ReadBack("a"), Records(0, 5));
}

TEST_F(VaultTest, FilesOfNoDataSetAreRemovedByOpen) {
  MustPush("a", Records(0, 5));
  for (const char* name : {"data/left.sealed", "keys/left.key", "keys/left.key.XyZ123"}) {
    SetFileBytes(VaultFolder() / name, "left");
  }
  Reopen();
  EXPECT_EQ(DataFiles(), 1u);
  EXPECT_EQ(KeyFiles(), 1u);
  EXPECT_EQ(*ReadBack("a"), Records(0, 5));
}

TEST_F(VaultTest, EverythingIsForTheOwnerOnly) {
  MustPush("a", Records(0, 5));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(VaultFolder())) {
    struct stat info = {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, entry.is_directory() ? 0700u : 0600u) << entry.path();
  }
}

TEST_F(VaultTest, NamesOfTenantsAndDataSetsAreNoPaths) {
  tenant_ = "some-tenant";
  MustPush("some-data-set", Records(0, 5));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(VaultFolder())) {
    EXPECT_EQ(entry.path().filename().string().find("some-"), std::string::npos) << entry.path();
  }
}

TEST_F(VaultTest, AMissingMasterKeyIsNotMadeAnew) {
  MustPush("a", Records(0, 5));
  const std::string bytes = FileBytes(MasterKey());
  std::filesystem::remove(MasterKey());
  const absl::Status status = TryToOpen();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("master.key' is missing"));
  SetFileBytes(MasterKey(), bytes);
  Reopen();
  EXPECT_EQ(*ReadBack("a"), Records(0, 5));
}

TEST_F(VaultTest, AnotherOrDamagedMasterKeyIsRefused) {
  MustPush("a", Records(0, 5));
  SetFileBytes(MasterKey(), std::string(32, 'x'));
  EXPECT_THAT(MessageOf(TryToOpen()), HasSubstr("not the one that this database was used with"));
  SetFileBytes(MasterKey(), std::string(31, 'x'));
  const absl::Status status = TryToOpen();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("is damaged"));
  EXPECT_EQ(DataFiles(), 1u);
}

TEST_F(VaultTest, ALostDatabaseIsNotMadeAnew) {
  MustPush("a", Records(0, 5));
  LoseDatabase();
  const size_t files = CountFiles(VaultFolder());
  for (int repetition = 0; repetition < 2; ++repetition) {
    const absl::Status status = TryToOpen();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(MessageOf(status), HasSubstr("the database of this vault is missing; put it back or empty the folder"));
  }
  EXPECT_EQ(CountFiles(VaultFolder()), files);
  PutDatabaseBack();
  EXPECT_EQ(*ReadBack("a"), Records(0, 5));
}

TEST_F(VaultTest, EveryFileOfAUsedVaultMissesItsDatabase) {
  for (const char* left : {"data/left.sealed", "keys/left.key", "keys/tenants/left.key"}) {
    LoseDatabase();
    SetFileBytes(VaultFolder() / left, "left");
    EXPECT_EQ(TryToOpen().code(), absl::StatusCode::kFailedPrecondition) << left;
    EXPECT_EQ(FileBytes(VaultFolder() / left), "left");
    std::filesystem::remove(VaultFolder() / left);
  }
}

TEST_F(VaultTest, AFirstStartThatWasCutOffIsMadeUpFor) {
  LoseDatabase();
  const std::string key = FileBytes(MasterKey());
  SetFileBytes(VaultFolder() / "keys/master.key.XyZ123", "cut off");
  std::filesystem::remove(VaultFolder() / "data");
  Reopen();
  EXPECT_EQ(FileBytes(MasterKey()), key);
  MustPush("a", Records(0, 5));
}

TEST_F(VaultTest, ALostOrForeignKeyIsDataLoss) {
  MustPush("a", Records(0, 5));
  MustPush("b", Records(0, 6));
  std::vector<std::filesystem::path> keys;
  for (const auto& entry : std::filesystem::directory_iterator(VaultFolder() / "keys")) {
    if (entry.is_regular_file() && entry.path().filename() != "master.key") keys.push_back(entry.path());
  }
  ASSERT_EQ(keys.size(), 2u);
  const std::string first = FileBytes(keys[0]);
  SetFileBytes(keys[0], FileBytes(keys[1]));
  SetFileBytes(keys[1], first);
  EXPECT_EQ(ReadBack("a").status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::remove(keys[0]);
  std::filesystem::remove(keys[1]);
  EXPECT_EQ(ReadBack("a").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace colonnade::privacy
