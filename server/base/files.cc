// SPDX-License-Identifier: Apache-2.0
#include "server/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "server/base/file_io.h"
#include "server/base/status.h"

namespace colonnade {

absl::Status PublishFile(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return SystemError("create", temporary);
  absl::Status status = WriteAll(fd.get(), temporary, bytes);
  if (status.ok()) status = SyncFile(fd.get(), temporary);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) status = SystemError("rename to", path);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) return SystemError("open", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a regular file", path));
  }
  if (info.st_size > max_bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("'{}' holds {} bytes; at most {} are read", path, info.st_size, max_bytes));
  }
  std::string bytes(info.st_size, '\0');
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path);
    if (count == 0) bytes.resize(done);  // the file became shorter meanwhile
    done += static_cast<size_t>(count);
  }
  return bytes;
}

}  // namespace colonnade
