// SPDX-License-Identifier: Apache-2.0
// What lies in a folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/result.h"

namespace colonnade::client {

// False also for what does not exist or may not be looked at.
bool IsFolder(const std::string& path);

struct Entry {
  std::string name;
  bool is_folder = false;  // links are followed
};

// All entries whose names do not begin with a dot, sorted by byte. NOT_FOUND, or
// INVALID_ARGUMENT for what is no folder.
Result<std::vector<Entry>> ListFolder(const std::string& folder);

// Paths of the files named prefix...suffix, shorter names first, so that 10 follows 9.
Result<std::vector<std::string>> FilesLike(const std::string& folder, std::string_view prefix, std::string_view suffix);

}  // namespace colonnade::client
