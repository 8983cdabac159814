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

constexpr fs::perms kOthersMayEnterOrWrite =
    fs::perms::group_exec | fs::perms::group_write | fs::perms::others_exec | fs::perms::others_write;

absl::Status Unusable(const std::string& path, const std::error_code& error) {
  return absl::PermissionDeniedError(fmt::format("--state: {}: {}", path, error.message()));
}

// Leaves a folder as it is that is there already.
absl::Status Make(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (!error && made) fs::permissions(path, fs::perms::owner_all, error);
  return error ? Unusable(path, error) : absl::OkStatus();
}

absl::Status CheckPrivate(const std::string& path) {
  std::error_code error;
  const fs::perms mode = fs::status(path, error).permissions();
  if (error) return Unusable(path, error);
  if ((mode & kOthersMayEnterOrWrite) == fs::perms::none) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("--state: {} has mode {:04o}: others than its owner may enter it or write to it; chmod 700 {}", path,
                  unsigned(mode & fs::perms::mask), path));
}

}  // namespace

absl::StatusOr<StateFolder> StateFolder::Open(const std::string& path) {
  COLONNADE_RETURN_IF_ERROR(Make(path));
  COLONNADE_RETURN_IF_ERROR(CheckPrivate(path));
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
  COLONNADE_RETURN_IF_ERROR(Make(path));
  return path;
}

}  // namespace colonnade
