// SPDX-License-Identifier: Apache-2.0
#include "server/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "server/base/status.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

absl::Status MakePrivate(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::PermissionDeniedError(fmt::format("--state: {}: {}", path, error.message()));
}

}  // namespace

absl::StatusOr<StateFolder> StateFolder::Open(const std::string& path) {
  COLONNADE_RETURN_IF_ERROR(MakePrivate(path));
  const std::string absolute = fs::canonical(path).string();
  const std::string file = absolute + "/lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return absl::PermissionDeniedError(fmt::format("--state: {}: {}", file, std::strerror(errno)));
  StateFolder folder(absolute, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return folder;
  return absl::FailedPreconditionError(fmt::format("--state: another daemon is using {}", absolute));
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

absl::StatusOr<std::string> StateFolder::Folder(const std::string& name) const {
  const std::string path = File(name);
  COLONNADE_RETURN_IF_ERROR(MakePrivate(path));
  return path;
}

}  // namespace colonnade
