// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/base/file_io.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/sealed/chunks.h"
#include "server/sealed/sha256.h"

namespace colonnade::sealed {
namespace {

// Holds a full chunk back until more bytes come: the last one must be sealed as such.
class FileWriter final : public Writer {
 public:
  FileWriter(int fd, std::string path, const Key& key, std::string context)
      : file_(fd), path_(std::move(path)), sealer_(key, std::move(context)) {
    buffer_.reserve(kPlainChunkBytes);
  }

  ~FileWriter() override {
    sodium_memzero(buffer_.data(), buffer_.size());
    if (!finished_) ::unlink(path_.c_str());
  }

  absl::Status WriteHeader() { return Write(sealer_.header()); }

  absl::Status Append(std::string_view plain) override {
    while (failure_.ok() && !plain.empty()) {
      if (buffer_.size() == kPlainChunkBytes) WriteChunk(false);
      const size_t count = std::min(plain.size(), kPlainChunkBytes - buffer_.size());
      buffer_.append(plain.substr(0, count));
      plain.remove_prefix(count);
    }
    return failure_;
  }

  absl::StatusOr<SealedFile> Finish() override {
    COLONNADE_RETURN_IF_ERROR(failure_);
    WriteChunk(true);
    COLONNADE_RETURN_IF_ERROR(failure_);
    COLONNADE_RETURN_IF_ERROR(SyncFile(file_.get(), path_));
    COLONNADE_RETURN_IF_ERROR(SyncFolderOf(path_));
    finished_ = true;
    return SealedFile{digest_.FinishHex(), bytes_};
  }

 private:
  void WriteChunk(bool last) {
    failure_ = Write(sealer_.Seal(buffer_, last));
    sodium_memzero(buffer_.data(), buffer_.size());
    buffer_.clear();
  }

  absl::Status Write(std::string_view ciphertext) {
    digest_.Append(ciphertext);
    bytes_ += static_cast<int64_t>(ciphertext.size());
    return WriteAll(file_.get(), path_, ciphertext);
  }

  const Descriptor file_;
  const std::string path_;
  ChunkSealer sealer_;
  Sha256 digest_;
  std::string buffer_;  // plain
  int64_t bytes_ = 0;
  absl::Status failure_;
  bool finished_ = false;
};

// Up to `count` bytes; fewer only at the end of the file.
absl::StatusOr<std::string> ReadUpTo(int fd, const std::string& path, size_t count) {
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(fd, bytes.data() + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Create(const std::string& path, const Key& key, std::string context) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("create", path);
  auto writer = std::make_unique<FileWriter>(fd, path, key, std::move(context));
  COLONNADE_RETURN_IF_ERROR(writer->WriteHeader());
  return writer;
}

absl::Status OpenStream(const std::string& path, const Key& key, std::string_view context,
                        const std::function<absl::Status(std::string_view plain)>& sink) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path);
  COLONNADE_ASSIGN_OR_RETURN(const std::string header, ReadUpTo(file.get(), path, kHeaderBytes));
  COLONNADE_ASSIGN_OR_RETURN(ChunkOpener opener, ChunkOpener::Create(header, key, context));
  COLONNADE_ASSIGN_OR_RETURN(std::string chunk, ReadUpTo(file.get(), path, kCipherChunkBytes));
  for (bool last = false; !last;) {
    COLONNADE_ASSIGN_OR_RETURN(std::string next, ReadUpTo(file.get(), path, kCipherChunkBytes));
    last = next.empty();
    COLONNADE_ASSIGN_OR_RETURN(const std::string_view plain, opener.Open(chunk, last));
    COLONNADE_RETURN_IF_ERROR(sink(plain));
    chunk = std::move(next);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> OpenFile(const std::string& path, const Key& key, std::string_view context,
                                     int64_t max_bytes) {
  std::string bytes;
  COLONNADE_RETURN_IF_ERROR(OpenStream(path, key, context, [&](std::string_view plain) -> absl::Status {
    if (static_cast<int64_t>(bytes.size() + plain.size()) > max_bytes) {
      return absl::ResourceExhaustedError(fmt::format("'{}' holds more than {} bytes", path, max_bytes));
    }
    bytes.append(plain);
    return absl::OkStatus();
  }));
  return bytes;
}

absl::Status PublishSealed(const std::string& path, std::string_view plain, const Key& key, std::string_view context) {
  ChunkSealer sealer(key, std::string(context));
  std::string sealed = sealer.header();
  while (plain.size() > kPlainChunkBytes) {
    sealed += sealer.Seal(plain.substr(0, kPlainChunkBytes), false);
    plain.remove_prefix(kPlainChunkBytes);
  }
  sealed += sealer.Seal(plain, true);
  return PublishFile(path, sealed);
}

}  // namespace colonnade::sealed
