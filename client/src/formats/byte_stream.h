// SPDX-License-Identifier: Apache-2.0
// Bytes of a file or of a member of an archive, in order.
//
// A stream knows an upper bound of its length before anything is unpacked, so that a
// header's claim can be refused before memory is taken for it. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/result.h"

namespace colonnade::client {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // For messages: the path, and the member of an archive after a colon.
  const std::string& name() const { return name_; }
  // Unpacked bytes read so far.
  int64_t position() const { return position_; }
  // At most this many bytes follow; exact for files that are not compressed.
  int64_t most_left() const { return most_bytes_ - position_; }

  // Fills `bytes`, or as much of it as there is; the number of bytes read.
  Result<size_t> ReadUpTo(std::span<uint8_t> bytes);
  // Fills `bytes`; an early end is an error that names the position.
  Status Read(std::span<uint8_t> bytes);
  // Appends exactly `bytes` bytes. Memory grows with what is really there.
  Status Append(int64_t bytes, std::vector<uint8_t>& out);
  // All that follows; an error when that is more than `most` bytes.
  Result<std::vector<uint8_t>> ReadRest(int64_t most);
  // Passes over bytes. Their absence may show only at the next read.
  virtual Status Skip(int64_t bytes);
  // An error when bytes follow, or when a checksum over all of them is wrong.
  Status ExpectEnd();

 protected:
  ByteStream(std::string name, int64_t most_bytes) : name_(std::move(name)), most_bytes_(most_bytes) {}

  // 1 to bytes.size() bytes, or 0 at the end.
  virtual Result<size_t> ReadSome(std::span<uint8_t> bytes) = 0;

  std::string name_;
  int64_t most_bytes_ = 0;
  int64_t position_ = 0;
};

// A file, unpacked while reading when it is gzip. NOT_FOUND, or INVALID_ARGUMENT for
// what is no regular file.
Result<std::unique_ptr<ByteStream>> OpenFile(const std::string& path);

// Size of a regular file in bytes; errors as OpenFile.
Result<int64_t> FileSize(const std::string& path);

}  // namespace colonnade::client
