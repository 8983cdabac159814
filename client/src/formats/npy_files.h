// SPDX-License-Identifier: Apache-2.0
// The pixels and labels of .npy files and .npz archives, as streams.
#pragma once

#include <memory>
#include <string>

#include "client/src/formats/byte_stream.h"

namespace colonnade::client {

struct NpyStreams {
  std::unique_ptr<ByteStream> images;
  std::unique_ptr<ByteStream> labels;  // nothing where there are none
};

// Opens FILE.npy, FILE.npz or FILE.npz:NAME. Told apart by content.
Result<NpyStreams> OpenNpy(const std::string& path);

// "FILE.npz" of "FILE.npz:NAME"; any other path as it is.
std::string ArchiveOf(const std::string& path);

}  // namespace colonnade::client
