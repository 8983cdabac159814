// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/chunks.h"

#include <utility>

namespace colonnade::sealed {
namespace {

constexpr size_t kExtraBytes = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr unsigned char kMore = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
constexpr unsigned char kLast = crypto_secretstream_xchacha20poly1305_TAG_FINAL;

}  // namespace

ChunkSealer::ChunkSealer(const Key& key, std::string context)
    : context_(std::move(context)), header_(kHeaderBytes, '\0') {
  PrepareSodium();
  crypto_secretstream_xchacha20poly1305_init_push(&state_, Bytes(header_), key.data());
}

ChunkSealer::~ChunkSealer() { sodium_memzero(&state_, sizeof state_); }

std::string ChunkSealer::Seal(std::string_view plain, bool last) {
  std::string sealed(plain.size() + kExtraBytes, '\0');
  crypto_secretstream_xchacha20poly1305_push(&state_, Bytes(sealed), nullptr, Bytes(plain), plain.size(),
                                             Bytes(std::string_view(context_)), context_.size(), last ? kLast : kMore);
  return sealed;
}

absl::StatusOr<ChunkOpener> ChunkOpener::Create(std::string_view header, const Key& key, std::string_view context) {
  ChunkOpener opener(context);
  if (header.size() != kHeaderBytes ||
      crypto_secretstream_xchacha20poly1305_init_pull(&opener.state_, Bytes(header), key.data()) != 0) {
    return absl::DataLossError("the file is cut off");
  }
  return opener;
}

ChunkOpener::~ChunkOpener() {
  sodium_memzero(&state_, sizeof state_);
  sodium_memzero(plain_.data(), plain_.size());
}

absl::StatusOr<std::string_view> ChunkOpener::Open(std::string_view chunk, bool last) {
  const absl::Status damaged = absl::DataLossError("the file is damaged, or sealed with another key or context");
  if (chunk.size() < kExtraBytes || chunk.size() > kCipherChunkBytes) return damaged;
  plain_.resize(chunk.size() - kExtraBytes);
  unsigned char tag = 0;
  const int failed =
      crypto_secretstream_xchacha20poly1305_pull(&state_, Bytes(plain_), nullptr, &tag, Bytes(chunk), chunk.size(),
                                                 Bytes(std::string_view(context_)), context_.size());
  if (failed != 0) return damaged;
  if (tag != (last ? kLast : kMore)) return absl::DataLossError("the file is cut off or extended");
  return std::string_view(plain_);
}

}  // namespace colonnade::sealed
