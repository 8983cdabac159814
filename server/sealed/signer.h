// SPDX-License-Identifier: Apache-2.0
// Ed25519 signatures of erasure records.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/sealed/key.h"

namespace colonnade::sealed {

class Signer {
 public:
  // The key pair of a seed: equal seeds, equal keys.
  explicit Signer(const Key& seed);
  ~Signer();
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  const std::string& public_key() const { return public_key_; }  // 32 bytes
  std::string Sign(std::string_view message) const;              // 64 bytes

 private:
  std::string public_key_;
  std::string secret_key_;  // wiped when destroyed
};

bool VerifySignature(std::string_view message, std::string_view signature, std::string_view public_key);

}  // namespace colonnade::sealed
