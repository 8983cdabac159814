// SPDX-License-Identifier: Apache-2.0
// The small steps that durable files are made of. For whole files see files.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace colonnade {

// errno as a status that names action, path and the system's reason: "cannot open
// 'a/b': No such file or directory". RESOURCE_EXHAUSTED when the disk is full, else
// NOT_FOUND, ALREADY_EXISTS or INTERNAL.
absl::Status SystemError(std::string_view action, const std::string& path);

// Closes what it holds; negative holds nothing.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  const int fd_;
};

// All of `bytes` at the descriptor's position; `path` is for messages.
absl::Status WriteAll(int fd, const std::string& path, std::string_view bytes);

// What was written to the descriptor reaches the disk.
absl::Status SyncFile(int fd, const std::string& path);

// The entries of the folder that `path` lies in reach the disk.
absl::Status SyncFolderOf(const std::string& path);

// Deletes the file; when OK is returned it is gone for good. OK also when there is none.
absl::Status RemoveFile(const std::string& path);

// Makes the folder and those above it, for the owner only. OK when it is there.
absl::Status MakeFolder(const std::string& path);

}  // namespace colonnade
