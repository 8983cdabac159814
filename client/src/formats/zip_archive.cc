// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <utility>

#include "client/src/formats/errors.h"

namespace colonnade::client {
namespace {

class MemberStream : public ByteStream {
 public:
  MemberStream(std::shared_ptr<zip> archive, zip_file_t* file, std::string name, int64_t bytes)
      : ByteStream(std::move(name), bytes), archive_(std::move(archive)), file_(file) {}
  ~MemberStream() override { zip_fclose(file_); }

 protected:
  Result<size_t> ReadSome(std::span<uint8_t> bytes) override {
    const zip_int64_t got = zip_fread(file_, bytes.data(), bytes.size());
    if (got >= 0) return size_t(got);
    return Refuse(
        name_, fmt::format("broken after {} bytes ({}); make the archive again", position_, zip_file_strerror(file_)));
  }

 private:
  std::shared_ptr<zip> archive_;
  zip_file_t* file_;
};

}  // namespace

Result<ZipArchive> ZipArchive::Open(const std::string& path) {
  const Result<int64_t> size = FileSize(path);
  if (!size.ok()) return size.status();
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive != nullptr) return ZipArchive(path, std::shared_ptr<zip>(archive, zip_discard));
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return Refuse(path, fmt::format("no readable zip archive ({}); fetch or make it again", reason));
}

std::vector<std::string> ZipArchive::Members() const {
  std::vector<std::string> members;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* member = zip_get_name(archive_.get(), zip_uint64_t(i), 0);
    if (member != nullptr) members.emplace_back(member);
  }
  return members;
}

bool ZipArchive::Has(const std::string& member) const {
  return zip_name_locate(archive_.get(), member.c_str(), 0) >= 0;
}

Result<std::unique_ptr<ByteStream>> ZipArchive::OpenMember(const std::string& member) const {
  const std::string name = path_ + ":" + member;
  zip_stat_t info;
  zip_file_t* file = nullptr;
  if (zip_stat(archive_.get(), member.c_str(), 0, &info) == 0 && (info.valid & ZIP_STAT_SIZE) != 0) {
    file = zip_fopen(archive_.get(), member.c_str(), 0);
  }
  if (file == nullptr) return Refuse(name, fmt::format("cannot be read ({})", zip_strerror(archive_.get())));
  return std::unique_ptr<ByteStream>(std::make_unique<MemberStream>(archive_, file, name, int64_t(info.size)));
}

}  // namespace colonnade::client
