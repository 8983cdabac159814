// SPDX-License-Identifier: Apache-2.0
#include "client/src/bytes.h"

#include <gmock/gmock.h>

#include <set>

#include "client/src/sha256.h"

namespace colonnade::client {
namespace {

std::string ReadInPieces(const ByteSource& bytes, size_t piece) {
  std::string all;
  for (int64_t offset = 0; offset < bytes.size();) {
    std::string part(std::min(piece, size_t(bytes.size() - offset)), '?');
    EXPECT_TRUE(bytes.Read(offset, part).ok());
    all += part;
    offset += int64_t(part.size());
  }
  return all;
}

Records TwoRecords() {
  return {.channels = 1,
          .height = 1,
          .width = 3,
          .classes = 9,
          .labels = {0x01020304, kNoLabel},
          .pixels = {10, 11, 12, 20, 21, 22},
          .class_names = {},
          .files = {}};
}

TEST(Bytes, RecordsAreLabelsAndPixels) {
  const Records records = TwoRecords();
  const std::string wanted("\x04\x03\x02\x01\x0a\x0b\x0c\xff\xff\xff\xff\x14\x15\x16", 14);
  for (size_t piece = 1; piece <= 14; ++piece) EXPECT_EQ(ReadInPieces(RecordBytes(records), piece), wanted) << piece;
}

TEST(Bytes, DigestIsSha256) {
  EXPECT_EQ(*Digest(MemoryBytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(*Digest(MemoryBytes("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Bytes, MissingFilesAndFoldersAreRefused) {
  EXPECT_EQ(OpenUpload("/nonexistent/file").status().code(), Code::kNotFound);
  EXPECT_EQ(OpenUpload("/").status().code(), Code::kInvalidArgument);
}

TEST(Bytes, RequestIdsAreRandomUuids) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(RandomUuid());
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_THAT(*ids.begin(),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

}  // namespace
}  // namespace colonnade::client
