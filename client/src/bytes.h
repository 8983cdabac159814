// SPDX-License-Identifier: Apache-2.0
// What an upload sends: bytes of known size that can be read again for another attempt.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "colonnade/formats.h"
#include "colonnade/result.h"

namespace colonnade::client {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual int64_t size() const = 0;
  // Fills `out` from `offset` on. REQUIRES: both within size().
  virtual Status Read(int64_t offset, std::span<char> out) const = 0;
};

// Bytes that must outlive the source.
class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  int64_t size() const override { return int64_t(bytes_.size()); }
  Status Read(int64_t offset, std::span<char> out) const override;

 private:
  std::string_view bytes_;
};

// NOT_FOUND when there is no such file, INVALID_ARGUMENT about `path` unless it is a
// regular one that can be read.
Result<std::unique_ptr<ByteSource>> OpenUpload(const std::string& path);

// Canonical records: each a 4-byte little-endian label, then its pixels. The records
// must outlive it. REQUIRES: labels and pixels of records.size() records.
class RecordBytes : public ByteSource {
 public:
  explicit RecordBytes(const Records& records);
  int64_t size() const override { return records_.size() * stride_; }
  Status Read(int64_t offset, std::span<char> out) const override;

 private:
  const Records& records_;
  const int64_t pixels_, stride_;  // bytes of a record's pixels, and of all of it
};

// Lower-case hexadecimal SHA-256 of all bytes.
Result<std::string> Digest(const ByteSource& bytes);

}  // namespace colonnade::client
