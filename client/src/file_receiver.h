// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

#include "client/src/sha256.h"
#include "colonnade/result.h"

namespace colonnade::client {

// A file that arrives in chunks, beside its final place, and is put there only when it
// is complete. What was not published is removed. Errors of the file system are
// INVALID_ARGUMENT about `path`.
class FileReceiver {
 public:
  explicit FileReceiver(std::string path);
  ~FileReceiver();
  FileReceiver(const FileReceiver&) = delete;
  FileReceiver& operator=(const FileReceiver&) = delete;

  Status Open();
  // The next chunk; DATA_LOSS unless it continues where the last one ended.
  Status Take(int64_t offset, std::string_view data);
  // DATA_LOSS unless size and SHA-256 are right.
  Status Publish(int64_t size, const std::string& sha256);
  int64_t received() const { return received_; }

 private:
  const std::string path_, part_;
  std::ofstream file_;
  Sha256 digest_;
  int64_t received_ = 0;
};

}  // namespace colonnade::client
