// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sodium.h>

#include <string>
#include <string_view>

namespace colonnade::client {

// A SHA-256 that is fed piece by piece.
class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }

  void Update(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }

  // Lower-case hexadecimal. To be called once, at the end.
  std::string Hex();

 private:
  crypto_hash_sha256_state state_;
};

// A random UUID (version 4).
std::string RandomUuid();

}  // namespace colonnade::client
