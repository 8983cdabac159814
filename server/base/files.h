// SPDX-License-Identifier: Apache-2.0
// Whole files, read and published safely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade {

// Makes `path` hold exactly `bytes`, readable by the owner only. Atomic and durable:
// the bytes go to a new file beside it ("<path>.XXXXXX"), which is synced and renamed,
// then the folder is synced. After OK the file survives a power loss; after an error
// `path` is what it was, except that a failed sync of the folder may leave the new
// file. The folder must exist. Errors name the path and the system's reason:
// RESOURCE_EXHAUSTED when the disk is full, else NOT_FOUND or INTERNAL.
absl::Status PublishFile(const std::string& path, std::string_view bytes);

// The whole regular file. NOT_FOUND when there is none, RESOURCE_EXHAUSTED when it
// holds more than `max_bytes`, INVALID_ARGUMENT for anything but a regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes);

}  // namespace colonnade
