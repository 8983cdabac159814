// SPDX-License-Identifier: Apache-2.0
// A file comes to rest in four steps, each of which a crash may follow: its bytes are
// synced, it is renamed to its digest, and the folders are synced. Before the rename it
// lies in incoming/ and goes with the next Open(); after it, it is whole.
#include "server/store/blobs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "server/base/file_io.h"
#include "server/base/status.h"

namespace colonnade::store {
namespace {

constexpr size_t kDigestLetters = 2 * crypto_hash_sha256_BYTES;
constexpr size_t kReadBytes = 1 << 20;

class Digest {
 public:
  Digest() { crypto_hash_sha256_init(&state_); }

  void Append(std::string_view data) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(data.data()), data.size());
  }

  std::string Finish() {
    unsigned char bytes[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state_, bytes);
    std::string text(kDigestLetters + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes, sizeof bytes);
    text.pop_back();
    return text;
  }

 private:
  crypto_hash_sha256_state state_;
};

absl::StatusOr<std::string> DigestOf(int fd, const std::string& path) {
  Digest digest;
  std::string buffer(kReadBytes, '\0');
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path);
    if (count == 0) return digest.Finish();
    digest.Append(std::string_view(buffer).substr(0, size_t(count)));
  }
}

std::string BlobPath(const std::string& folder, const std::string& sha256) {
  assert(sha256.size() == kDigestLetters && sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
  return fmt::format("{}/{}/{}", folder, sha256.substr(0, 2), sha256);
}

// `from` is synced. Replaces a blob of that digest, whose bytes are the same or damaged.
absl::Status Rest(const std::string& from, const std::string& to) {
  COLONNADE_RETURN_IF_ERROR(MakeFolder(std::filesystem::path(to).parent_path().string()));
  if (::rename(from.c_str(), to.c_str()) != 0) return SystemError("rename to", to);
  return SyncFolderOf(to);
}

class FileIncoming final : public IncomingBlob {
 public:
  FileIncoming(std::string folder, int fd, std::string path)
      : folder_(std::move(folder)), path_(std::move(path)), file_(std::in_place, fd) {}

  ~FileIncoming() override {
    if (!kept_) ::unlink(path_.c_str());
  }

  absl::Status Append(std::string_view data) override {
    assert(file_ && "appended after Finish()");
    digest_.Append(data);
    return WriteAll(file_->get(), path_, data);
  }

  absl::StatusOr<std::string> Finish() override {
    assert(file_ && "finished twice");
    COLONNADE_RETURN_IF_ERROR(SyncFile(file_->get(), path_));
    file_.reset();
    sha256_ = digest_.Finish();
    return sha256_;
  }

  absl::Status Keep() override {
    assert(!sha256_.empty() && !kept_ && "kept before Finish(), or twice");
    std::string resting = BlobPath(folder_, sha256_);
    COLONNADE_RETURN_IF_ERROR(Rest(path_, resting));
    path_ = std::move(resting);
    kept_ = true;
    return absl::OkStatus();
  }

  const std::string& path() const override { return path_; }

 private:
  const std::string folder_;
  std::string path_;
  std::optional<Descriptor> file_;
  Digest digest_;
  std::string sha256_;
  bool kept_ = false;
};

class FileBlobs final : public Blobs {
 public:
  explicit FileBlobs(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<std::unique_ptr<IncomingBlob>> Receive() override {
    std::string path = IncomingPath("upload.XXXXXX");
    const int fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return SystemError("create", path);
    return std::make_unique<FileIncoming>(folder_, fd, path);
  }

  std::string IncomingPath(std::string_view name) const override {
    assert(!name.empty() && name.find('/') == std::string_view::npos);
    return fmt::format("{}/incoming/{}", folder_, name);
  }

  absl::Status Adopt(const std::string& path, const std::string& sha256) override {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info = {};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return SystemError("open", path);
    if (!S_ISREG(info.st_mode)) return absl::DataLossError(fmt::format("'{}' is no regular file", path));
    if (::fchmod(file.get(), 0600) != 0) return SystemError("set the mode of", path);
    COLONNADE_ASSIGN_OR_RETURN(const std::string digest, DigestOf(file.get(), path));
    if (digest != sha256) {
      return absl::DataLossError(fmt::format("'{}' has SHA-256 {}, not {}", path, digest, sha256));
    }
    COLONNADE_RETURN_IF_ERROR(SyncFile(file.get(), path));
    return Rest(path, Path(sha256));
  }

  std::string Path(const std::string& sha256) const override { return BlobPath(folder_, sha256); }
  absl::StatusOr<std::vector<std::string>> List() const override {
    std::vector<std::string> digests;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.size() == kDigestLetters && entry->is_regular_file(error)) digests.push_back(name);
    }
    if (!error) return digests;
    return absl::InternalError(fmt::format("cannot list '{}': {}", folder_, error.message()));
  }

  absl::Status Remove(const std::string& sha256) override { return RemoveFile(Path(sha256)); }

 private:
  const std::string folder_;
};

absl::Status EmptyFolder(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::filesystem::remove_all(entry.path(), error);
    if (error) break;
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(fmt::format("cannot empty '{}': {}", folder, error.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Blobs>> Blobs::Open(const std::string& folder) {
  const std::string incoming = folder + "/incoming";
  COLONNADE_RETURN_IF_ERROR(MakeFolder(incoming));
  COLONNADE_RETURN_IF_ERROR(EmptyFolder(incoming));
  return std::make_unique<FileBlobs>(folder);
}

}  // namespace colonnade::store
