// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/upload.h"

#include <fmt/format.h>

namespace colonnade::rpc {

absl::Status UploadOrder::Take(int64_t offset, std::string_view data) {
  if (offset != received_) {
    return InvalidField("chunk.offset", fmt::format("{} received, expected {}", offset, received_));
  }
  const int64_t bytes = int64_t(data.size());
  if (bytes < 1 || bytes > kMaxChunkBytes) {
    return InvalidField("chunk.data", fmt::format("{} bytes; a chunk has 1 to {}", bytes, kMaxChunkBytes));
  }
  if (bytes > size_ - received_) {
    return InvalidField("chunk.data", fmt::format("more than the {} bytes announced", size_));
  }
  received_ += bytes;
  return absl::OkStatus();
}

absl::Status UploadOrder::End() const {
  if (received_ == size_) return absl::OkStatus();
  return InvalidField("chunk", fmt::format("the upload ended after {} of {} bytes", received_, size_));
}

}  // namespace colonnade::rpc
