// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "client/src/formats/errors.h"

namespace colonnade::client {

namespace fs = std::filesystem;

bool IsFolder(const std::string& path) {
  std::error_code unreadable;
  return fs::is_directory(path, unreadable);
}

Result<std::vector<Entry>> ListFolder(const std::string& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) {
    return Status(Code::kNotFound, fmt::format("{}: no such folder", folder));
  }
  std::vector<Entry> found;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unreadable;  // a dangling link counts as a file; reading it will tell
    const std::string name = entries->path().filename();
    if (!name.starts_with('.')) found.push_back({name, entries->is_directory(unreadable)});
  }
  if (error) return Refuse(folder, fmt::format("cannot be listed: {}", error.message()));
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return found;
}

Result<std::vector<std::string>> FilesLike(const std::string& folder, std::string_view prefix,
                                           std::string_view suffix) {
  const Result<std::vector<Entry>> entries = ListFolder(folder);
  if (!entries.ok()) return entries.status();
  std::vector<std::string> paths;
  for (const Entry& entry : *entries) {
    const bool alike = entry.name.starts_with(prefix) && entry.name.ends_with(suffix);
    if (alike && !entry.is_folder) paths.push_back(fs::path(folder) / entry.name);
  }
  std::stable_sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return paths;
}

}  // namespace colonnade::client
