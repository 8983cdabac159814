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

}  // namespace colonnade::privacy
