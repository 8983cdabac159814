// SPDX-License-Identifier: Apache-2.0
// Members of a zip archive, stored or deflated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/src/formats/byte_stream.h"

struct zip;

namespace colonnade::client {

class ZipArchive {
 public:
  static Result<ZipArchive> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // In the order of the archive.
  std::vector<std::string> Members() const;
  bool Has(const std::string& member) const;
  // The stream keeps the archive open. INVALID_ARGUMENT when there is no such member, or
  // none that can be read (encrypted, another compression).
  Result<std::unique_ptr<ByteStream>> OpenMember(const std::string& member) const;

 private:
  ZipArchive(std::string path, std::shared_ptr<zip> archive) : path_(std::move(path)), archive_(std::move(archive)) {}

  std::string path_;
  std::shared_ptr<zip> archive_;
};

}  // namespace colonnade::client
