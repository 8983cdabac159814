// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/byte_stream.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "client/src/formats/errors.h"

namespace colonnade::client {
namespace {

constexpr int64_t kPiece = 1 << 20;
// Deflate makes at most 1,032 bytes of one.
constexpr int64_t kDeflateMost = 1032;

Status SystemError(const std::string& path) {
  const int error = errno;
  const Code code = error == ENOENT || error == ENOTDIR ? Code::kNotFound
                    : error == EACCES                   ? Code::kPermissionDenied
                                                        : Code::kInternal;
  return {code, fmt::format("{}: cannot be read: {}", path, std::generic_category().message(error))};
}

class FileStream : public ByteStream {
 public:
  FileStream(gzFile file, const std::string& path, int64_t most_bytes) : ByteStream(path, most_bytes), file_(file) {}
  ~FileStream() override { gzclose(file_); }

  Status Skip(int64_t bytes) override {
    if (gzseek(file_, z_off_t(bytes), SEEK_CUR) < 0) return Broken();
    position_ += bytes;
    return {};
  }

 protected:
  Result<size_t> ReadSome(std::span<uint8_t> bytes) override {
    const int got = gzread(file_, bytes.data(), unsigned(std::min(int64_t(bytes.size()), kPiece)));
    int error = Z_OK;
    gzerror(file_, &error);
    // A compressed file that is cut off gives what it has and this error.
    if (got < 0 || error == Z_BUF_ERROR) return Broken();
    return size_t(got);
  }

 private:
  Status Broken() {
    int error = Z_OK;
    const std::string reason = gzerror(file_, &error);
    if (error == Z_ERRNO) return SystemError(name_);
    return Refuse(name_, fmt::format("broken gzip data after {} unpacked bytes ({}); fetch the file again", position_,
                                     error == Z_BUF_ERROR ? "it is cut off" : reason));
  }

  gzFile file_;
};

}  // namespace

Result<size_t> ByteStream::ReadUpTo(std::span<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const Result<size_t> got = ReadSome(bytes.subspan(done));
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    done += *got;
    position_ += int64_t(*got);
  }
  return done;
}

Status ByteStream::Read(std::span<uint8_t> bytes) {
  const Result<size_t> got = ReadUpTo(bytes);
  if (!got.ok()) return got.status();
  if (*got == bytes.size()) return {};
  return Refuse(name_,
                fmt::format("ends after {} bytes, {} too early; fetch the file again", position_, bytes.size() - *got));
}

Status ByteStream::Append(int64_t bytes, std::vector<uint8_t>& out) {
  if (bytes > most_left()) {
    return Refuse(name_, fmt::format("{} bytes should follow at byte {}, but at most {} can; fetch the file again",
                                     bytes, position_, std::max<int64_t>(0, most_left())));
  }
  while (bytes > 0) {
    const size_t piece = size_t(std::min(bytes, kPiece)), begin = out.size();
    out.resize(begin + piece);
    if (Status status = Read(std::span(out).subspan(begin)); !status.ok()) return status;
    bytes -= int64_t(piece);
  }
  return {};
}

Result<std::vector<uint8_t>> ByteStream::ReadRest(int64_t most) {
  std::vector<uint8_t> rest;
  for (;;) {
    const size_t begin = rest.size();
    rest.resize(begin + size_t(std::min(kPiece, most + 1 - int64_t(begin))));
    const Result<size_t> got = ReadUpTo(std::span(rest).subspan(begin));
    if (!got.ok()) return got.status();
    const bool at_end = *got < rest.size() - begin;
    rest.resize(begin + *got);
    if (int64_t(rest.size()) > most) return Refuse(name_, fmt::format("longer than the {} bytes expected", most));
    if (at_end) return rest;
  }
}

Status ByteStream::Skip(int64_t bytes) {
  std::array<uint8_t, 4096> passed;
  while (bytes > 0) {
    const size_t piece = size_t(std::min(bytes, int64_t(passed.size())));
    if (Status status = Read(std::span(passed).first(piece)); !status.ok()) return status;
    bytes -= int64_t(piece);
  }
  return {};
}

Status ByteStream::ExpectEnd() {
  const int64_t end = position_;
  std::array<uint8_t, 1> extra;
  const Result<size_t> got = ReadUpTo(extra);
  if (!got.ok()) return got.status();
  if (*got == 0) return {};
  return Refuse(name_, fmt::format("more bytes than its header says: it should end at byte {}", end));
}

Result<int64_t> FileSize(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return SystemError(path);
  if (S_ISREG(info.st_mode)) return int64_t(info.st_size);
  return Refuse(path, S_ISDIR(info.st_mode) ? "a folder where a file is expected" : "no regular file; make a copy");
}

Result<std::unique_ptr<ByteStream>> OpenFile(const std::string& path) {
  const Result<int64_t> size = FileSize(path);
  if (!size.ok()) return size.status();
  gzFile file = gzopen(path.c_str(), "rbe");
  if (file == nullptr) return SystemError(path);
  const int64_t most = gzdirect(file) != 0 ? *size : *size * kDeflateMost;
  return std::unique_ptr<ByteStream>(std::make_unique<FileStream>(file, path, most));
}

}  // namespace colonnade::client
