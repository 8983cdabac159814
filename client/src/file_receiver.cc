// SPDX-License-Identifier: Apache-2.0
#include "client/src/file_receiver.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace colonnade::client {

FileReceiver::FileReceiver(std::string path) : path_(std::move(path)), part_(path_ + "." + RandomUuid() + ".part") {}

FileReceiver::~FileReceiver() {
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

Status FileReceiver::Open() {
  file_.open(part_, std::ios::binary | std::ios::trunc);
  if (file_) return {};
  return InvalidField("path", "'" + path_ + "' cannot be written: " + std::strerror(errno));
}

Status FileReceiver::Take(int64_t offset, std::string_view data) {
  if (offset != received_) {
    return {Code::kDataLoss, "a chunk at byte " + std::to_string(offset) + " came after " + std::to_string(received_)};
  }
  if (!file_.write(data.data(), std::streamsize(data.size()))) {
    return InvalidField("path", "'" + path_ + "' cannot be written: " + std::strerror(errno));
  }
  digest_.Update(data);
  received_ += int64_t(data.size());
  return {};
}

Status FileReceiver::Publish(int64_t size, const std::string& sha256) {
  if (received_ != size) {
    return {Code::kDataLoss,
            "the artifact ended after " + std::to_string(received_) + " of " + std::to_string(size) + " bytes"};
  }
  if (digest_.Hex() != sha256) return {Code::kDataLoss, "the artifact's digest is not the one announced"};
  file_.close();
  std::error_code error;
  if (file_) std::filesystem::rename(part_, path_, error);
  if (file_ && !error) return {};
  return InvalidField("path", "'" + path_ + "' cannot be written: " + (error ? error.message() : std::strerror(errno)));
}

}  // namespace colonnade::client
