// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/key.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/sealed/sodium.h"

namespace colonnade::sealed {
namespace {

constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(Key::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

}  // namespace

Key Key::Generate() {
  PrepareSodium();
  Key key;
  randombytes_buf(key.bytes_.data(), kBytes);
  return key;
}

absl::StatusOr<Key> Key::FromBytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return absl::InvalidArgumentError(fmt::format("a key has {} bytes, not {}", kBytes, bytes.size()));
  }
  Key key;
  std::copy_n(Bytes(bytes), kBytes, key.bytes_.begin());
  return key;
}

Key::~Key() { sodium_memzero(bytes_.data(), kBytes); }

Key Key::Derive(const Key& parent, std::string_view purpose) {
  Key key;
  crypto_generichash(key.bytes_.data(), kBytes, Bytes(purpose), purpose.size(), parent.data(), kBytes);
  return key;
}

std::string Wrap(const Key& key, const Key& wrapping, std::string_view context) {
  PrepareSodium();
  std::string wrapped(kNonceBytes + Key::kBytes + kTagBytes, '\0');
  unsigned char* nonce = Bytes(wrapped);
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, key.data(), Key::kBytes, Bytes(context),
                                             context.size(), nullptr, nonce, wrapping.data());
  return wrapped;
}

absl::StatusOr<Key> Unwrap(std::string_view wrapped, const Key& wrapping, std::string_view context) {
  const absl::Status damaged = absl::DataLossError("the wrapped key is damaged, or belongs to another key or context");
  if (wrapped.size() != kNonceBytes + Key::kBytes + kTagBytes) return damaged;
  std::string plain(Key::kBytes, '\0');
  const unsigned char* nonce = Bytes(wrapped);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(plain), nullptr, nullptr, nonce + kNonceBytes,
                                                                wrapped.size() - kNonceBytes, Bytes(context),
                                                                context.size(), nonce, wrapping.data());
  if (failed != 0) return damaged;
  auto key = Key::FromBytes(plain);
  sodium_memzero(plain.data(), plain.size());
  return key;
}

std::string Fingerprint(const Key& key, std::string_view data) {
  std::string fingerprint(crypto_generichash_BYTES, '\0');
  crypto_generichash(Bytes(fingerprint), fingerprint.size(), Bytes(data), data.size(), key.data(), Key::kBytes);
  return fingerprint;
}

}  // namespace colonnade::sealed
