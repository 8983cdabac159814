// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/sha256.h"

#include "server/sealed/key.h"
#include "server/sealed/sodium.h"

namespace colonnade::sealed {

struct Sha256::State {
  crypto_hash_sha256_state sodium;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { crypto_hash_sha256_init(&state_->sodium); }
Sha256::~Sha256() = default;

void Sha256::Append(std::string_view data) { crypto_hash_sha256_update(&state_->sodium, Bytes(data), data.size()); }

std::string Sha256::Finish() {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256_final(&state_->sodium, Bytes(digest));
  return digest;
}

std::string Sha256::FinishHex() { return Hexadecimal(Finish()); }

std::string Sha256Hex(std::string_view data) {
  Sha256 digest;
  digest.Append(data);
  return digest.FinishHex();
}

}  // namespace colonnade::sealed
