// SPDX-License-Identifier: Apache-2.0
// What somebody finds who holds every byte that was ever on the disk.
#include "server/sealed/key.h"
#include "tests/unit/privacy/vault_fixture.h"

namespace colonnade::privacy {
namespace {

namespace fs = std::filesystem;

std::string Hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", uint8_t(byte));
  return text;
}

class Secrecy : public VaultFixture {
 protected:
  // Contents of every file of vault and database, by path.
  std::map<std::string, std::string> Disk() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) files[fs::relative(entry.path(), folder_.path())] = FileBytes(entry.path());
    }
    return files;
  }
  int FilesWith(std::string_view bytes) const {
    int count = 0;
    for (const auto& [path, content] : Disk()) count += content.find(bytes) != std::string::npos;
    return count;
  }
  std::string TheKeyFile() const {
    for (const auto& entry : fs::directory_iterator(VaultFolder() / "keys")) {
      if (entry.is_regular_file() && entry.path().filename() != "master.key") return entry.path();
    }
    return "";
  }

  // A data set of one record: the canary, 32 random bytes.
  DatasetSpec CanarySpec(Role role = Role::kTrain) const {
    DatasetSpec spec = Spec("canary", canary_record_);
    spec.role = role;
    spec.shape = {1, 4, 8};
    spec.records = 1;
    return spec;
  }

  const std::string canary_{sealed::Key::Generate().bytes()};
  const std::string canary_record_ = LittleEndian(1, 4) + canary_;
};

TEST_F(Secrecy, NoRecordIsOnTheDiskInPlain) {
  const auto upload = vault_->Begin(CanarySpec()).value();
  for (const char byte : canary_record_) ASSERT_TRUE(upload->Append({&byte, 1}).ok());
  const auto expect_hidden = [&] {
    EXPECT_EQ(FilesWith(canary_), 0);
    EXPECT_EQ(FilesWith(Hexadecimal(canary_)), 0);
    EXPECT_EQ(FilesWith(canary_.substr(8, 8)), 0);
  };
  expect_hidden();
  ASSERT_TRUE(upload->Commit().ok());
  expect_hidden();
  EXPECT_EQ(FilesWith("digits"), 1);  // the search would find it: the database knows the source's name
  Reopen();
  expect_hidden();
  ASSERT_TRUE(Erase("canary").ok());
  expect_hidden();
}

TEST_F(Secrecy, ErrorsQuoteNothingOfARecord) {
  const std::string label("\xd2\x02\x96\x49", 4);  // 1234567890
  DatasetSpec spec = CanarySpec();
  const absl::Status status = Push(spec, label + canary_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(status).find("1234567890"), std::string::npos);
  EXPECT_EQ(MessageOf(status).find(canary_), std::string::npos);
}

TEST_F(Secrecy, FingerprintsDoNotTellTheRecord) {
  ASSERT_TRUE(Push(CanarySpec(), canary_record_).ok());
  const sealed::Key zero = sealed::Key::FromBytes(std::string(32, '\0')).value();
  EXPECT_EQ(FilesWith(sealed::Fingerprint(zero, canary_).substr(0, 16)), 0);
}

TEST_F(Secrecy, ADataKeyIsNeitherInTheDatabaseNorInPlain) {
  ASSERT_TRUE(Push(CanarySpec(), canary_record_).ok());
  const sealed::Key key = vault_->OpenForJob(tenant_, "canary", Role::kTrain)->key;
  EXPECT_EQ(FilesWith(key.bytes()), 0);
  EXPECT_EQ(FilesWith(FileBytes(TheKeyFile())), 1);
}

// The thief copied the ciphertext before the erasure, and everything else after it.
TEST_F(Secrecy, AfterErasureASavedCiphertextCannotBeOpened) {
  ASSERT_TRUE(Push(CanarySpec(), canary_record_).ok());
  const OpenDataset before = vault_->OpenForJob(tenant_, "canary", Role::kTrain).value();
  const std::string ciphertext = FileBytes(before.path), wrapped = FileBytes(TheKeyFile());
  ASSERT_TRUE(Erase("canary").ok());
  EXPECT_EQ(FilesWith(wrapped), 0);
  EXPECT_EQ(FilesWith(wrapped.substr(24, 32)), 0);
  EXPECT_EQ(FilesWith(before.key.bytes()), 0);

  // With the vault's own code, and a row that says nothing was erased.
  ASSERT_TRUE(Sql("UPDATE datasets SET state = 1, erasure = NULL").ok());
  SetFileBytes(before.path, ciphertext);
  Reopen();
  EXPECT_EQ(FileBytes(before.path), ciphertext);
  EXPECT_EQ(ReadBack("canary").status().code(), absl::StatusCode::kDataLoss);
}

// Every 32 bytes of every file that is left, tried as the key.
TEST_F(Secrecy, AfterErasureNoByteOnTheDiskOpensASavedCiphertext) {
  ASSERT_TRUE(Push(CanarySpec(), canary_record_).ok());
  const OpenDataset before = vault_->OpenForJob(tenant_, "canary", Role::kTrain).value();
  const std::string saved = folder_ / "saved";
  fs::copy_file(before.path, saved);
  const auto opens = [&](std::string_view bytes) {
    return sealed::OpenFile(saved, *sealed::Key::FromBytes(bytes), before.context, 1000).ok();
  };
  ASSERT_TRUE(opens(before.key.bytes()));
  ASSERT_TRUE(Erase("canary").ok());
  Close();  // the log goes into the database
  for (const auto& [path, content] : Disk()) {
    for (size_t at = 0; at + 32 <= content.size(); ++at) {
      EXPECT_FALSE(opens(std::string_view(content).substr(at, 32))) << path << " at " << at;
    }
  }
}

}  // namespace
}  // namespace colonnade::privacy
