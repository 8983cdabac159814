// SPDX-License-Identifier: Apache-2.0
// Uploads: a header, then chunks in order. The rules are in UploadOrder, free of
// gRPC; UploadReader applies them to a stream of any request with the two parts.
#pragma once

#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/status.h"
#include "server/jobs/backend.h"

namespace colonnade::rpc {

inline constexpr int64_t kMaxChunkBytes = 1024 * 1024;

// Follows one upload and says what is wrong with it. Not thread-safe.
class UploadOrder {
 public:
  // The header came, announcing `size` bytes. REQUIRES: size >= 0.
  void Begin(int64_t size) { size_ = size; }

  // A chunk came. INVALID_ARGUMENT unless it continues at the right offset with 1 to
  // kMaxChunkBytes bytes and stays within the announced size.
  absl::Status Take(int64_t offset, std::string_view data);

  // The stream ended. INVALID_ARGUMENT unless all announced bytes came.
  absl::Status End() const;

 private:
  int64_t size_ = 0;
  int64_t received_ = 0;
};

template <typename Request>
class UploadReader {
 public:
  explicit UploadReader(grpc::ServerReader<Request>& stream) : stream_(stream) {}

  // The first message, which must be a header.
  absl::StatusOr<typename Request::Header> ReadHeader() {
    if (stream_.Read(&message_) && message_.has_header()) return message_.header();
    return InvalidField("header", "must be the first message of an upload");
  }

  // Everything after the header, `size` bytes in all.
  absl::Status ReadChunks(int64_t size, const jobs::Sink& sink) {
    UploadOrder order;
    order.Begin(size);
    while (stream_.Read(&message_)) {
      if (!message_.has_chunk()) return InvalidField("chunk", "only chunks may follow the header");
      COLONNADE_RETURN_IF_ERROR(order.Take(message_.chunk().offset(), message_.chunk().data()));
      COLONNADE_RETURN_IF_ERROR(sink(message_.chunk().data()));
    }
    return order.End();
  }

 private:
  grpc::ServerReader<Request>& stream_;
  Request message_;
};

}  // namespace colonnade::rpc
