// SPDX-License-Identifier: Apache-2.0
// The folder of everything durable, held by one daemon at a time.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace colonnade {

// Holds the lock while it lives.
class StateFolder {
 public:
  // Makes the folder, for its owner only, and locks it. The mode of a folder that is there
  // already is not changed: FAILED_PRECONDITION when its group or others may enter it or
  // write to it. FAILED_PRECONDITION also when another daemon holds it, PERMISSION_DENIED
  // when it cannot be used.
  static absl::StatusOr<StateFolder> Open(const std::string& path);

  StateFolder(StateFolder&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) { other.lock_ = -1; }
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder();

  // A folder in it, made if missing.
  absl::StatusOr<std::string> Folder(const std::string& name) const;
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  StateFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace colonnade
