// SPDX-License-Identifier: Apache-2.0
#include "server/base/file_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "server/base/status.h"
#include "tests/support/scratch_folder.h"

namespace colonnade {
namespace {

TEST(FileIo, SystemErrorsNameActionPathAndReason) {
  errno = ENOSPC;
  const absl::Status full = SystemError("write", "a/b");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(Message(full)), "cannot write 'a/b': No space left on device");
  errno = ENOENT;
  EXPECT_EQ(SystemError("open", "a").code(), absl::StatusCode::kNotFound);
  errno = EEXIST;
  EXPECT_EQ(SystemError("make", "a").code(), absl::StatusCode::kAlreadyExists);
  errno = EIO;
  EXPECT_EQ(SystemError("read", "a").code(), absl::StatusCode::kInternal);
}

TEST(FileIo, ADescriptorIsClosedWithItsHolder) {
  int number = -1;
  {
    const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = file.get();
    ASSERT_GE(::fcntl(number, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(FileIo, AWriteThatFailsIsTold) {
  const Descriptor file(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(WriteAll(file.get(), "/dev/full", "x").code(), absl::StatusCode::kResourceExhausted);
}

TEST(FileIo, FoldersAreMadeWithThoseAboveThem) {
  const ScratchFolder folder;
  for (int repetition = 0; repetition < 2; ++repetition) EXPECT_TRUE(MakeFolder(folder / "a/b/c").ok());
  struct stat info = {};
  ASSERT_EQ(::stat((folder / "a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(FileIo, AFileInTheWayOfAFolderIsTold) {
  const ScratchFolder folder;
  SetFileBytes(folder / "a", "x");
  EXPECT_EQ(MakeFolder(folder / "a").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(MakeFolder(folder / "a/b").ok());
}

TEST(FileIo, RemovingIsIdempotent) {
  const ScratchFolder folder;
  SetFileBytes(folder / "a", "x");
  for (int repetition = 0; repetition < 2; ++repetition) EXPECT_TRUE(RemoveFile(folder / "a").ok());
  EXPECT_EQ(CountFiles(folder.path()), 0u);
  EXPECT_TRUE(RemoveFile(folder / "none/a").ok());
  EXPECT_FALSE(RemoveFile(folder.path().string()).ok());
}

}  // namespace
}  // namespace colonnade
