// SPDX-License-Identifier: Apache-2.0
#include "client/src/sha256.h"

#include <array>

namespace colonnade::client {
namespace {

std::string ToHex(const unsigned char* bytes, size_t count) {
  std::string text(2 * count + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, count);
  text.pop_back();
  return text;
}

}  // namespace

std::string Sha256::Hex() {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256_final(&state_, digest.data());
  return ToHex(digest.data(), digest.size());
}

std::string RandomUuid() {
  std::array<unsigned char, 16> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text = ToHex(bytes.data(), bytes.size());
  for (const size_t position : {8, 13, 18, 23}) text.insert(position, 1, '-');
  return text;
}

}  // namespace colonnade::client
