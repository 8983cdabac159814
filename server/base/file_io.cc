// SPDX-License-Identifier: Apache-2.0
#include "server/base/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "server/base/status.h"

namespace colonnade {
namespace {

bool IsFolder(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

absl::Status SystemError(std::string_view action, const std::string& path) {
  const int error = errno;
  const std::string message = fmt::format("cannot {} '{}': {}", action, path, std::generic_category().message(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EEXIST) return absl::AlreadyExistsError(message);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::InternalError(message);
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status SyncFile(int fd, const std::string& path) {
  return ::fsync(fd) == 0 ? absl::OkStatus() : SystemError("sync", path);
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError("open", folder);
  return SyncFile(fd.get(), folder);
}

absl::Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError("delete", path);
  // Also when it was gone: whoever deleted it may have been cut off before this.
  const absl::Status status = SyncFolderOf(path);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status MakeFolder(const std::string& path) {
  if (IsFolder(path)) return absl::OkStatus();
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty() && parent != path) COLONNADE_RETURN_IF_ERROR(MakeFolder(parent));
  if (::mkdir(path.c_str(), 0700) == 0) return SyncFolderOf(path);
  return errno == EEXIST && IsFolder(path) ? absl::OkStatus() : SystemError("make folder", path);
}

}  // namespace colonnade
