// SPDX-License-Identifier: Apache-2.0
#include "server/store/blobs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "server/base/status.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::store {
namespace {

constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // SHA-256 of "abc"

class BlobsTest : public testing::Test {
 protected:
  BlobsTest() { Reopen(); }
  void Reopen() { blobs_ = Blobs::Open(root_).value(); }

  absl::Status StoreAbc() {
    COLONNADE_ASSIGN_OR_RETURN(const auto incoming, blobs_->Receive());
    for (const char* piece : {"a", "", "bc"}) COLONNADE_RETURN_IF_ERROR(incoming->Append(piece));
    COLONNADE_RETURN_IF_ERROR(incoming->Finish().status());
    return incoming->Keep();
  }
  size_t Incoming() const { return CountFiles(root_ + "/incoming"); }

  ScratchFolder folder_;
  const std::string root_ = folder_ / "blobs";
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BlobsTest, AReceivedFileRestsUnderItsDigest) {
  ASSERT_TRUE(StoreAbc().ok());
  EXPECT_EQ(blobs_->Path(kAbc), root_ + "/ba/" + kAbc);
  EXPECT_EQ(FileBytes(blobs_->Path(kAbc)), "abc");
  EXPECT_EQ(CountFiles(root_), 1u);
}

TEST_F(BlobsTest, AFinishedFileCanBeReadAndHasItsDigest) {
  const auto incoming = blobs_->Receive().value();
  ASSERT_TRUE(incoming->Append("abc").ok());
  EXPECT_EQ(*incoming->Finish(), kAbc);
  EXPECT_EQ(FileBytes(incoming->path()), "abc");
  ASSERT_TRUE(incoming->Keep().ok());
  EXPECT_EQ(incoming->path(), blobs_->Path(kAbc));
}

TEST_F(BlobsTest, AFileThatIsNotKeptIsDeleted) {
  for (const bool finish : {false, true}) {
    const auto incoming = blobs_->Receive().value();
    ASSERT_TRUE(incoming->Append("abc").ok());
    EXPECT_EQ(Incoming(), 1u);
    if (finish) {
      ASSERT_TRUE(incoming->Finish().ok());
    }
  }
  EXPECT_EQ(CountFiles(root_), 0u);
}

TEST_F(BlobsTest, KeepingTwiceIsKeepingOnce) {
  ASSERT_TRUE(StoreAbc().ok());
  ASSERT_TRUE(StoreAbc().ok());
  EXPECT_EQ(CountFiles(root_), 1u);
}

TEST_F(BlobsTest, KeepingAgainHealsADamagedBlob) {
  ASSERT_TRUE(StoreAbc().ok());
  SetFileBytes(blobs_->Path(kAbc), "axc");
  ASSERT_TRUE(StoreAbc().ok());
  EXPECT_EQ(FileBytes(blobs_->Path(kAbc)), "abc");
}

TEST_F(BlobsTest, BlobsSurviveReopeningAndIncomingFilesDoNot) {
  ASSERT_TRUE(StoreAbc().ok());
  SetFileBytes(blobs_->IncomingPath("left.colonnade"), "half");
  std::filesystem::create_directory(root_ + "/incoming/folder");
  SetFileBytes(root_ + "/incoming/folder/file", "half");
  Reopen();
  EXPECT_TRUE(std::filesystem::is_empty(root_ + "/incoming"));
  EXPECT_EQ(FileBytes(blobs_->Path(kAbc)), "abc");
}

TEST_F(BlobsTest, AnAdoptedFileMoves) {
  const std::string path = blobs_->IncomingPath("result");
  SetFileBytes(path, "abc");
  ::chmod(path.c_str(), 0644);
  ASSERT_TRUE(blobs_->Adopt(path, kAbc).ok());
  EXPECT_EQ(FileBytes(blobs_->Path(kAbc)), "abc");
  EXPECT_EQ(Incoming(), 0u);
  struct stat info = {};
  ASSERT_EQ(::stat(blobs_->Path(kAbc).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(BlobsTest, AFileWithOtherBytesIsNotAdopted) {
  const std::string path = blobs_->IncomingPath("result");
  for (const char* bytes : {"", "ab", "abd", "abcd"}) {
    SetFileBytes(path, bytes);
    EXPECT_EQ(blobs_->Adopt(path, kAbc).code(), absl::StatusCode::kDataLoss) << bytes;
  }
  EXPECT_FALSE(std::filesystem::exists(blobs_->Path(kAbc)));
}

TEST_F(BlobsTest, WhatIsNoFileIsNotAdopted) {
  const std::string path = blobs_->IncomingPath("result");
  EXPECT_EQ(blobs_->Adopt(path, kAbc).code(), absl::StatusCode::kNotFound);
  SetFileBytes(folder_ / "elsewhere", "abc");
  std::filesystem::create_symlink(folder_ / "elsewhere", path);
  EXPECT_FALSE(blobs_->Adopt(path, kAbc).ok());
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(blobs_->Adopt(path, kAbc).code(), absl::StatusCode::kDataLoss);
}

TEST_F(BlobsTest, RemovedIsGoneAndRemovingNothingIsFine) {
  EXPECT_TRUE(blobs_->Remove(kAbc).ok());
  ASSERT_TRUE(StoreAbc().ok());
  EXPECT_TRUE(blobs_->Remove(kAbc).ok());
  EXPECT_EQ(CountFiles(root_), 0u);
  EXPECT_TRUE(blobs_->Remove(kAbc).ok());
}

TEST_F(BlobsTest, FoldersAreForTheOwnerOnly) {
  struct stat info = {};
  ASSERT_EQ(::stat((root_ + "/incoming").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

}  // namespace
}  // namespace colonnade::store
