// SPDX-License-Identifier: Apache-2.0
// Secret keys of 32 bytes, and keys wrapped by other keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace colonnade::sealed {

// Wiped when destroyed. Copies are copies of the secret: pass by reference.
class Key {
 public:
  static constexpr size_t kBytes = 32;

  static Key Generate();                                         // from the system's random source
  static absl::StatusOr<Key> FromBytes(std::string_view bytes);  // INVALID_ARGUMENT unless kBytes long
  // A key for one purpose: always the same for equal arguments, and it tells nothing of
  // `parent` or of the keys for other purposes.
  static Key Derive(const Key& parent, std::string_view purpose);

  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();

  const unsigned char* data() const { return bytes_.data(); }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }

 private:
  Key() = default;
  std::array<unsigned char, kBytes> bytes_{};
};

// XChaCha20-Poly1305 under `wrapping`, bound to `context`: 24 bytes nonce, ciphertext.
std::string Wrap(const Key& key, const Key& wrapping, std::string_view context);
// DATA_LOSS when the bytes were changed, or belong to another key or context.
absl::StatusOr<Key> Unwrap(std::string_view wrapped, const Key& wrapping, std::string_view context);

// BLAKE2b-256 of `data`, keyed: equal data have equal fingerprints, and without the key
// nobody can tell which data a fingerprint belongs to.
std::string Fingerprint(const Key& key, std::string_view data);

// Lower-case hexadecimal SHA-256.
std::string Sha256Hex(std::string_view data);

}  // namespace colonnade::sealed
