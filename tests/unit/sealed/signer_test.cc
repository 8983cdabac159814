// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/signer.h"

#include <gtest/gtest.h>

namespace colonnade::sealed {
namespace {

Key Seed(char byte) { return *Key::FromBytes(std::string(Key::kBytes, byte)); }

TEST(Signer, EqualSeedsAreEqualKeys) {
  const Signer signer(Seed('a'));
  EXPECT_EQ(signer.public_key().size(), 32u);
  EXPECT_EQ(Signer(Seed('a')).public_key(), signer.public_key());
  EXPECT_NE(Signer(Seed('b')).public_key(), signer.public_key());
}

TEST(Signer, SignaturesAreVerified) {
  const Signer signer(Seed('a'));
  for (const char* message : {"", "erased", "a longer message"}) {
    EXPECT_TRUE(VerifySignature(message, signer.Sign(message), signer.public_key()));
  }
}

TEST(Signer, AnotherMessageKeyOrSignatureIsNot) {
  const Signer signer(Seed('a'));
  const std::string signature = signer.Sign("erased");
  std::string damaged = signature;
  damaged[7] = char(damaged[7] ^ 1);
  EXPECT_FALSE(VerifySignature("kept", signature, signer.public_key()));
  EXPECT_FALSE(VerifySignature("erased", damaged, signer.public_key()));
  EXPECT_FALSE(VerifySignature("erased", signature, Signer(Seed('b')).public_key()));
  EXPECT_FALSE(VerifySignature("erased", signature.substr(1), signer.public_key()));
  EXPECT_FALSE(VerifySignature("erased", signature, ""));
}

}  // namespace
}  // namespace colonnade::sealed
