// SPDX-License-Identifier: Apache-2.0
#include "server/state_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "server/base/status.h"
#include "tests/support/scratch_folder.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

unsigned ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

class StateFolderTest : public ::testing::Test {
 protected:
  // An existing folder of that mode.
  std::string Existing(unsigned mode) {
    const std::string path = scratch_ / "existing";
    std::filesystem::create_directory(path);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  ScratchFolder scratch_;
};

TEST_F(StateFolderTest, WhatItMakesIsForTheOwnerOnly) {
  const auto folder = StateFolder::Open(scratch_ / "deep/state/");
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(ModeOf(scratch_ / "deep/state"), 0700u);
  EXPECT_EQ(ModeOf(*folder->Folder("blobs")), 0700u);
}

TEST_F(StateFolderTest, AFolderThatOthersMayEnterOrWriteIsRefusedAndLeftAlone) {
  for (const unsigned mode : {0755u, 0710u, 0720u, 0701u, 0702u, 01777u}) {
    const std::string path = Existing(mode);
    const absl::Status status = StateFolder::Open(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(Message(status)), HasSubstr(mode == 01777 ? "mode 1777" : "mode 07"));
    EXPECT_THAT(std::string(Message(status)), HasSubstr("chmod 700 " + path));
    EXPECT_EQ(ModeOf(path), mode);
    EXPECT_TRUE(std::filesystem::is_empty(path));
  }
}

TEST_F(StateFolderTest, TheModeOfAnExistingFolderStays) {
  for (const unsigned mode : {0700u, 0744u}) {
    const std::string path = Existing(mode);
    EXPECT_TRUE(StateFolder::Open(path).ok());
    EXPECT_EQ(ModeOf(path), mode);
  }
}

TEST_F(StateFolderTest, IsHeldByOne) {
  const std::string path = scratch_ / "state";
  {
    const auto first = StateFolder::Open(path);
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(std::string(Message(StateFolder::Open(path).status())), HasSubstr("another daemon is using"));
  }
  EXPECT_TRUE(StateFolder::Open(path).ok());
}

TEST_F(StateFolderTest, AFileIsNoFolder) {
  SetFileBytes(scratch_ / "file", "x");
  EXPECT_EQ(StateFolder::Open(scratch_ / "file").status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace colonnade
