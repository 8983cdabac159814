// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/key.h"

#include <gtest/gtest.h>

#include "server/sealed/sha256.h"

namespace colonnade::sealed {
namespace {

Key KeyOf(char byte) { return *Key::FromBytes(std::string(Key::kBytes, byte)); }

TEST(Key, GeneratedKeysDiffer) { EXPECT_NE(Key::Generate().bytes(), Key::Generate().bytes()); }

TEST(Key, HasExactly32Bytes) {
  EXPECT_EQ(KeyOf('a').bytes(), std::string(32, 'a'));
  for (const size_t size : {0, 31, 33}) {
    EXPECT_EQ(Key::FromBytes(std::string(size, 'a')).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Key, IsWipedWhenDestroyed) {
  alignas(Key) char memory[sizeof(Key)];
  Key* key = new (memory) Key(KeyOf('a'));
  volatile const char* bytes = reinterpret_cast<const char*>(key->data());
  ASSERT_EQ(bytes[0], 'a');
  key->~Key();
  for (size_t i = 0; i < Key::kBytes; ++i) EXPECT_EQ(bytes[i], 0);
}

TEST(Key, DerivedKeysDependOnParentAndPurpose) {
  const std::string derived(Key::Derive(KeyOf('a'), "signing").bytes());
  EXPECT_EQ(Key::Derive(KeyOf('a'), "signing").bytes(), derived);
  EXPECT_NE(Key::Derive(KeyOf('a'), "fingerprints").bytes(), derived);
  EXPECT_NE(Key::Derive(KeyOf('b'), "signing").bytes(), derived);
}

TEST(WrappedKey, OpensWithTheSameKeyAndContextOnly) {
  const Key secret = Key::Generate();
  const std::string wrapped = Wrap(secret, KeyOf('w'), "tenant a");
  EXPECT_EQ(Unwrap(wrapped, KeyOf('w'), "tenant a")->bytes(), secret.bytes());
  EXPECT_EQ(Unwrap(wrapped, KeyOf('x'), "tenant a").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Unwrap(wrapped, KeyOf('w'), "tenant b").status().code(), absl::StatusCode::kDataLoss);
}

TEST(WrappedKey, ShowsNoSecretAndNeverRepeats) {
  const Key secret = Key::Generate();
  const std::string wrapped = Wrap(secret, KeyOf('w'), "");
  EXPECT_EQ(wrapped.find(secret.bytes()), std::string::npos);
  EXPECT_NE(Wrap(secret, KeyOf('w'), ""), wrapped);
}

TEST(WrappedKey, AnyChangedOrMissingByteIsNoticed) {
  const std::string wrapped = Wrap(Key::Generate(), KeyOf('w'), "");
  for (size_t i = 0; i < wrapped.size(); ++i) {
    std::string damaged = wrapped;
    damaged[i] = char(damaged[i] ^ 1);
    EXPECT_EQ(Unwrap(damaged, KeyOf('w'), "").status().code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(Unwrap(wrapped.substr(0, i), KeyOf('w'), "").status().code(), absl::StatusCode::kDataLoss) << i;
  }
}

TEST(Fingerprint, DependsOnDataAndKey) {
  EXPECT_EQ(Fingerprint(KeyOf('k'), "data").size(), 32u);
  EXPECT_EQ(Fingerprint(KeyOf('k'), "data"), Fingerprint(KeyOf('k'), "data"));
  EXPECT_NE(Fingerprint(KeyOf('k'), "data"), Fingerprint(KeyOf('k'), "Data"));
  EXPECT_NE(Fingerprint(KeyOf('k'), "data"), Fingerprint(KeyOf('l'), "data"));
}

TEST(Sha256, IsTheStandardOne) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesDoNotMatter) {
  Sha256 digest;
  for (const char* piece : {"a", "", "bc"}) digest.Append(piece);
  EXPECT_EQ(digest.FinishHex(), Sha256Hex("abc"));
}

}  // namespace
}  // namespace colonnade::sealed
