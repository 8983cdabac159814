// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/sweep.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "server/base/file_io.h"
#include "server/base/status.h"

namespace colonnade::privacy {

absl::Status RemoveFilesBut(const std::string& folder, const std::set<std::string>& kept) {
  std::error_code error;
  std::vector<std::string> unwanted;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) && !kept.contains(entry.path().filename())) unwanted.push_back(entry.path());
  }
  if (error) return absl::InternalError(fmt::format("cannot list '{}': {}", folder, error.message()));
  for (const std::string& path : unwanted) COLONNADE_RETURN_IF_ERROR(RemoveFile(path));
  return absl::OkStatus();
}

absl::StatusOr<bool> HoldsAny(const std::string& folder, std::string_view extension, std::string_view except) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::filesystem::path name = entry->path().filename();
    if (name.extension() == extension && name != except) return true;
  }
  if (!error || error == std::errc::no_such_file_or_directory) return false;
  return absl::InternalError(fmt::format("cannot list '{}': {}", folder, error.message()));
}

}  // namespace colonnade::privacy
