// SPDX-License-Identifier: Apache-2.0
#include "client/cli/images.h"

#include <CLI/CLI.hpp>

namespace colonnade::cli {

void AddImageOptions(CLI::App& command, ImageOptions& options) {
  command.add_option("--format", options.format, "auto, cifar10, mnist, folder, npy or digits [auto]");
  command.add_option("--labels", options.selection.labels, "file of labels, or none [as the format says]");
  command.add_option("--limit", options.selection.limit, "most images to take [all]")->check(CLI::PositiveNumber);
  command.add_option("--offset", options.selection.offset, "images to skip first [0]")->check(CLI::NonNegativeNumber);
}

client::Result<client::Records> ReadImages(const ImageOptions& options) {
  const auto format = client::ParseFormat(options.format);
  if (!format.ok()) return format.status();
  client::FormatOptions selection = options.selection;
  selection.format = *format;
  return client::ReadRecords(options.path, selection);
}

}  // namespace colonnade::cli
