// SPDX-License-Identifier: Apache-2.0
// Encrypted files: libsodium secretstream (XChaCha20-Poly1305) in chunks of 64 KiB of
// plain bytes, each bound to a context; a final tag shows that nothing is cut off.
// Layout: 24 bytes header, then per chunk its ciphertext (17 bytes longer).
//
// Plain bytes are never on disk. Truncated, reordered, swapped or changed files do
// not open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/sealed/key.h"

namespace colonnade::sealed {

inline constexpr size_t kPlainChunkBytes = 64 * 1024;

struct SealedFile {
  std::string ciphertext_sha256;  // lower-case hexadecimal
  int64_t bytes = 0;              // of ciphertext
};

// Writes one file, encrypted from its first byte on. Not thread-safe. Unless Finish()
// succeeded, the file is deleted with the writer.
class Writer {
 public:
  // The file must not exist yet.
  static absl::StatusOr<std::unique_ptr<Writer>> Create(const std::string& path, const Key& key, std::string context);
  virtual ~Writer() = default;
  virtual absl::Status Append(std::string_view plain) = 0;
  // Writes the final tag and syncs file and folder.
  virtual absl::StatusOr<SealedFile> Finish() = 0;
};

// Passes the plain bytes to `sink`, chunk by chunk, each after it was authenticated.
// DATA_LOSS when the file is damaged, cut off, or sealed with another key or context (the
// sink may have had earlier chunks by then); NOT_FOUND when there is no file.
absl::Status OpenStream(const std::string& path, const Key& key, std::string_view context,
                        const std::function<absl::Status(std::string_view plain)>& sink);

// The whole file; RESOURCE_EXHAUSTED beyond `max_bytes` plain bytes.
absl::StatusOr<std::string> OpenFile(const std::string& path, const Key& key, std::string_view context,
                                     int64_t max_bytes);

// Replaces `path` atomically and durably by the sealed bytes.
absl::Status PublishSealed(const std::string& path, std::string_view plain, const Key& key, std::string_view context);

}  // namespace colonnade::sealed
