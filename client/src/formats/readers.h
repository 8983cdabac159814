// SPDX-License-Identifier: Apache-2.0
// One reader per format. Paths, orders and errors are those of colonnade/formats.h;
// options.format and options.labels == "none" are the caller's affair.
#pragma once

#include <string>

#include "colonnade/formats.h"

namespace colonnade::client {

Result<Records> ReadCifar10(const std::string& path, const FormatOptions& options);
Result<Records> ReadMnist(const std::string& path, const FormatOptions& options);
Result<Records> ReadFolder(const std::string& path, const FormatOptions& options);
Result<Records> ReadNpy(const std::string& path, const FormatOptions& options);
Result<Records> ReadDigits(const std::string& path, const FormatOptions& options);

// options.labels that asks for unlabelled records.
inline constexpr const char* kUnlabelled = "none";

}  // namespace colonnade::client
