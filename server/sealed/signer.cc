// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/signer.h"

#include "server/sealed/sodium.h"

namespace colonnade::sealed {

Signer::Signer(const Key& seed)
    : public_key_(crypto_sign_PUBLICKEYBYTES, '\0'), secret_key_(crypto_sign_SECRETKEYBYTES, '\0') {
  static_assert(Key::kBytes == crypto_sign_SEEDBYTES);
  crypto_sign_seed_keypair(Bytes(public_key_), Bytes(secret_key_), seed.data());
}

Signer::~Signer() { sodium_memzero(secret_key_.data(), secret_key_.size()); }

std::string Signer::Sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(message), message.size(), Bytes(std::string_view(secret_key_)));
  return signature;
}

bool VerifySignature(std::string_view message, std::string_view signature, std::string_view public_key) {
  if (signature.size() != crypto_sign_BYTES || public_key.size() != crypto_sign_PUBLICKEYBYTES) return false;
  return crypto_sign_verify_detached(Bytes(signature), Bytes(message), message.size(), Bytes(public_key)) == 0;
}

}  // namespace colonnade::sealed
