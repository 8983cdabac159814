// SPDX-License-Identifier: Apache-2.0
// Flags that say which images to read.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "colonnade/formats.h"

namespace colonnade::cli {

struct ImageOptions {
  std::string path;
  std::string format = "auto";
  client::FormatOptions selection;  // its format follows from `format`
};

// --format, --labels, --limit and --offset.
void AddImageOptions(CLI::App& command, ImageOptions& options);

client::Result<client::Records> ReadImages(const ImageOptions& options);

}  // namespace colonnade::cli
