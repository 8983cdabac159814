// SPDX-License-Identifier: Apache-2.0
#include "server/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "server/base/status.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/files.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(std::string_view name) const { return (folder_ / name).string(); }
  int Entries() const {
    return int(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }

  std::filesystem::path folder_;
};

TEST_F(Files, WhatIsPublishedIsRead) {
  for (const size_t size : {0, 1, 100000}) {
    const std::string bytes(size, '\xff');
    ASSERT_TRUE(PublishFile(Path("a"), bytes).ok());
    EXPECT_EQ(*ReadFile(Path("a"), 100000), bytes);
  }
  EXPECT_EQ(Entries(), 1);
}

TEST_F(Files, PublishedFilesArePrivate) {
  ASSERT_TRUE(PublishFile(Path("a"), "x").ok());
  struct stat info = {};
  ASSERT_EQ(::stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(Files, FailedPublishLeavesNothing) {
  std::filesystem::create_directory(folder_ / "taken");
  const absl::Status status = PublishFile(Path("taken"), "x");
  EXPECT_THAT(std::string(Message(status)), HasSubstr("cannot rename to"));
  EXPECT_EQ(Entries(), 1);
  EXPECT_EQ(PublishFile(Path("none/a"), "x").code(), absl::StatusCode::kNotFound);
}

TEST_F(Files, ReadingNamesWhatIsWrong) {
  EXPECT_EQ(ReadFile(Path("none"), 10).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_.string(), 10).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(PublishFile(Path("a"), "12345678901").ok());
  const auto large = ReadFile(Path("a"), 10);
  EXPECT_EQ(large.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(Message(large.status())), HasSubstr("holds 11 bytes; at most 10"));
}

}  // namespace
}  // namespace colonnade
