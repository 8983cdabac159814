// SPDX-License-Identifier: Apache-2.0
// Files named by the SHA-256 of their bytes: models and artifacts. A blob is either
// whole and durable or not there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade::store {

// A file being received; deletes itself unless kept. Not thread-safe.
class IncomingBlob {
 public:
  virtual ~IncomingBlob() = default;
  virtual absl::Status Append(std::string_view data) = 0;
  // Flushes; the file at path() can then be read. Nothing may be appended any more.
  // Returns the lower-case hexadecimal SHA-256 of all bytes.
  virtual absl::StatusOr<std::string> Finish() = 0;
  // After Finish(): makes it the durable blob of its digest; OK if that is there already.
  virtual absl::Status Keep() = 0;
  // In incoming/ until it is kept, then the blob's.
  virtual const std::string& path() const = 0;
};

// Thread-safe. Works in a folder of its own: DIGEST[0..2]/DIGEST, and incoming/ for files
// on their way, which is emptied when the store is opened.
class Blobs {
 public:
  // Makes the folder, for the owner only, when it is not there.
  static absl::StatusOr<std::unique_ptr<Blobs>> Open(const std::string& folder);
  virtual ~Blobs() = default;

  virtual absl::StatusOr<std::unique_ptr<IncomingBlob>> Receive() = 0;
  // A path in incoming/ for another program to write a file to. REQUIRES: no '/' in it.
  virtual std::string IncomingPath(std::string_view name) const = 0;
  // Makes the finished file at `path` (in incoming/) the blob `sha256`. NOT_FOUND when
  // there is none, DATA_LOSS when its bytes have another digest; it then stays where it is.
  virtual absl::Status Adopt(const std::string& path, const std::string& sha256) = 0;
  // Where the blob is or would be.
  virtual std::string Path(const std::string& sha256) const = 0;
  // Digests of all blobs.
  virtual absl::StatusOr<std::vector<std::string>> List() const = 0;
  // OK also when there is none.
  virtual absl::Status Remove(const std::string& sha256) = 0;
};

}  // namespace colonnade::store
