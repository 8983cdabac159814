// SPDX-License-Identifier: Apache-2.0
#include "client/src/bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client/src/sha256.h"

namespace colonnade::client {
namespace {

constexpr int64_t kLabelBytes = 4;
constexpr size_t kPieceBytes = 1 << 20;

Status BadPath(const std::string& path, const char* what) { return InvalidField("path", "'" + path + "' " + what); }

Status NoSuchFile(const std::string& path) {
  return {Code::kNotFound, "path: no such file: '" + path + "'", {.field = "path", .reason = "FILE_NOT_FOUND"}};
}

class FileBytes : public ByteSource {
 public:
  FileBytes(int descriptor, int64_t size, std::string path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  ~FileBytes() override { ::close(descriptor_); }

  int64_t size() const override { return size_; }
  Status Read(int64_t offset, std::span<char> out) const override {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return BadPath(path_, got < 0 ? std::strerror(errno) : "became shorter while it was read");
      offset += got;
      out = out.subspan(size_t(got));
    }
    return {};
  }

 private:
  const int descriptor_;
  const int64_t size_;
  const std::string path_;
};

}  // namespace

Status MemoryBytes::Read(int64_t offset, std::span<char> out) const {
  std::copy_n(bytes_.data() + offset, out.size(), out.data());
  return {};
}

Result<std::unique_ptr<ByteSource>> OpenUpload(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return NoSuchFile(path);
  if (descriptor < 0) return BadPath(path, std::strerror(errno));
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return BadPath(path, "is not a regular file");
  }
  return {std::make_unique<FileBytes>(descriptor, info.st_size, path)};
}

RecordBytes::RecordBytes(const Records& records)
    : records_(records),
      pixels_(int64_t{1} * records.channels * records.height * records.width),
      stride_(kLabelBytes + pixels_) {}

Status RecordBytes::Read(int64_t offset, std::span<char> out) const {
  while (!out.empty()) {
    const int64_t record = offset / stride_, within = offset % stride_;
    size_t count = 1;
    if (within < kLabelBytes) {
      out[0] = char(records_.labels[size_t(record)] >> (8 * within) & 0xFF);
    } else {
      count = std::min(out.size(), size_t(stride_ - within));
      std::memcpy(out.data(), records_.pixels.data() + record * pixels_ + within - kLabelBytes, count);
    }
    offset += int64_t(count);
    out = out.subspan(count);
  }
  return {};
}

Result<std::string> Digest(const ByteSource& bytes) {
  Sha256 digest;
  std::string piece;
  for (int64_t offset = 0; offset < bytes.size(); offset += int64_t(piece.size())) {
    piece.resize(std::min(kPieceBytes, size_t(bytes.size() - offset)));
    if (Status status = bytes.Read(offset, piece); !status.ok()) return status;
    digest.Update(piece);
  }
  return digest.Hex();
}

}  // namespace colonnade::client
