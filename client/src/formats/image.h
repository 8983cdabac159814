// SPDX-License-Identifier: Apache-2.0
// One decoded PNG or JPEG file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "client/src/formats/selection.h"

namespace colonnade::client {

struct Image {
  ImageShape shape;             // 1 or 3 channels
  std::vector<uint8_t> pixels;  // [height][width][channels]
};

// Decodes by content, whatever the name; colours as in colonnade/formats.h. Damage is an
// error even where the decoder could guess on.
Result<Image> ReadImage(const std::string& path);

// The decoders. `file` stands at its begin; `path` is for messages.
Result<Image> ReadPng(std::FILE* file, const std::string& path);
Result<Image> ReadJpeg(std::FILE* file, const std::string& path);

}  // namespace colonnade::client
