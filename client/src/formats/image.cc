// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/image.h"

#include <memory>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"

namespace colonnade::client {

Result<Image> ReadImage(const std::string& path) {
  if (const Result<int64_t> size = FileSize(path); !size.ok()) return size.status();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) return Status(Code::kPermissionDenied, path + ": cannot be read");
  const int first = std::fgetc(file.get());
  std::rewind(file.get());
  if (first == 0x89) return ReadPng(file.get(), path);
  if (first == 0xff) return ReadJpeg(file.get(), path);
  return Refuse(path, "neither a PNG nor a JPEG image; convert it or move it away");
}

}  // namespace colonnade::client
