// SPDX-License-Identifier: Apache-2.0
// Inside this folder only: the chunks of stream.h in memory. One place knows the layout;
// files and whole buffers are built on it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/sealed/key.h"
#include "server/sealed/sodium.h"
#include "server/sealed/stream.h"

namespace colonnade::sealed {

inline constexpr size_t kHeaderBytes = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
inline constexpr size_t kCipherChunkBytes = kPlainChunkBytes + crypto_secretstream_xchacha20poly1305_ABYTES;

// Every chunk holds kPlainChunkBytes but the last, which carries the final tag and may be
// shorter (empty only when there are no bytes at all).
class ChunkSealer {
 public:
  ChunkSealer(const Key& key, std::string context);
  ~ChunkSealer();

  const std::string& header() const { return header_; }  // comes first
  std::string Seal(std::string_view plain, bool last);

 private:
  const std::string context_;
  std::string header_;
  crypto_secretstream_xchacha20poly1305_state state_;
};

class ChunkOpener {
 public:
  // DATA_LOSS unless `header` is a whole one.
  static absl::StatusOr<ChunkOpener> Create(std::string_view header, const Key& key, std::string_view context);
  ~ChunkOpener();

  // The plain bytes, valid until the next call. DATA_LOSS unless this is the chunk that
  // was sealed at this place, and the last one exactly when `last`.
  absl::StatusOr<std::string_view> Open(std::string_view chunk, bool last);

 private:
  explicit ChunkOpener(std::string_view context) : context_(context) {}

  std::string context_;
  std::string plain_;
  crypto_secretstream_xchacha20poly1305_state state_;
};

}  // namespace colonnade::sealed
