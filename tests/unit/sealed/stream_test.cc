// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/stream.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "server/base/status.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::sealed {
namespace {

constexpr size_t kHeader = 24;
constexpr size_t kChunk = kPlainChunkBytes + 17;
constexpr int64_t kNoLimit = int64_t{1} << 40;

// Bytes that repeat only after a long while.
std::string Plain(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = char((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

class Sealed : public testing::Test {
 protected:
  absl::StatusOr<SealedFile> Seal(std::string_view plain, size_t piece = kNoLimit) {
    std::filesystem::remove(path_);
    COLONNADE_ASSIGN_OR_RETURN(const auto writer, Writer::Create(path_, key_, "context"));
    for (; !plain.empty(); plain.remove_prefix(std::min(piece, plain.size()))) {
      COLONNADE_RETURN_IF_ERROR(writer->Append(plain.substr(0, piece)));
    }
    return writer->Finish();
  }
  absl::StatusOr<std::string> Open() { return OpenFile(path_, key_, "context", kNoLimit); }
  absl::StatusCode OpenBytes(std::string_view sealed) {
    SetFileBytes(path_, sealed);
    return Open().status().code();
  }

  ScratchFolder folder_;
  const std::string path_ = folder_ / "file";
  const Key key_ = Key::Generate();
};

TEST_F(Sealed, OpensToWhatWasSealedAtAnySize) {
  const size_t chunk = kPlainChunkBytes;
  for (const size_t size : {size_t{0}, size_t{1}, chunk - 1, chunk, chunk + 1, 2 * chunk, 5 * chunk + 77}) {
    ASSERT_TRUE(Seal(Plain(size)).ok());
    EXPECT_EQ(*Open(), Plain(size)) << size;
    const size_t chunks = std::max<size_t>(1, (size + chunk - 1) / chunk);
    EXPECT_EQ(FileBytes(path_).size(), kHeader + size + 17 * chunks) << size;
  }
}

TEST_F(Sealed, PiecesDoNotMatter) {
  const std::string plain = Plain(kPlainChunkBytes * 2 + 10);
  for (const size_t piece : {size_t{777}, kPlainChunkBytes - 1, kPlainChunkBytes, kPlainChunkBytes + 1}) {
    ASSERT_TRUE(Seal(plain, piece).ok());
    EXPECT_EQ(*Open(), plain) << piece;
  }
}

TEST_F(Sealed, ReportsSizeAndDigestOfTheCiphertext) {
  const auto file = Seal(Plain(100000));
  EXPECT_EQ(file->bytes, int64_t(FileBytes(path_).size()));
  EXPECT_EQ(file->ciphertext_sha256, Sha256Hex(FileBytes(path_)));
}

TEST_F(Sealed, CutOffAnywhereDoesNotOpen) {
  ASSERT_TRUE(Seal(Plain(3 * kPlainChunkBytes + 5)).ok());
  const std::string whole = FileBytes(path_);
  std::vector<size_t> cuts = {0, 1, kHeader - 1, kHeader, kHeader + 1, whole.size() - 1};
  for (size_t chunk = 1; chunk <= 3; ++chunk) {
    const size_t boundary = kHeader + chunk * kChunk;
    cuts.insert(cuts.end(), {boundary - kChunk / 2, boundary - 1, boundary, boundary + 1, boundary + 17});
  }
  for (const size_t cut : cuts) {
    EXPECT_EQ(OpenBytes(whole.substr(0, cut)), absl::StatusCode::kDataLoss) << cut;
  }
}

TEST_F(Sealed, SwappedRepeatedOrMissingChunksDoNotOpen) {
  ASSERT_TRUE(Seal(Plain(3 * kPlainChunkBytes)).ok());
  const std::string whole = FileBytes(path_);
  const std::string header = whole.substr(0, kHeader);
  const auto chunk = [&](size_t i) { return whole.substr(kHeader + i * kChunk, kChunk); };
  ASSERT_EQ(OpenBytes(header + chunk(0) + chunk(1) + chunk(2)), absl::StatusCode::kOk);
  EXPECT_EQ(OpenBytes(header + chunk(1) + chunk(0) + chunk(2)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(header + chunk(0) + chunk(0) + chunk(2)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(header + chunk(0) + chunk(2)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(header + chunk(0) + chunk(1) + chunk(2) + chunk(2)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(whole + "x"), absl::StatusCode::kDataLoss);
}

TEST_F(Sealed, AFlippedBitDoesNotOpen) {
  ASSERT_TRUE(Seal(Plain(kPlainChunkBytes + 100)).ok());
  const std::string whole = FileBytes(path_);
  for (size_t at = 0; at < whole.size(); at += 997) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 0x10);
    EXPECT_EQ(OpenBytes(damaged), absl::StatusCode::kDataLoss) << at;
  }
}

TEST_F(Sealed, AnotherKeyOrContextDoesNotOpen) {
  for (const size_t size : {0, 100}) {
    ASSERT_TRUE(Seal(Plain(size)).ok());
    EXPECT_EQ(OpenFile(path_, Key::Generate(), "context", kNoLimit).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(OpenFile(path_, key_, "other", kNoLimit).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(OpenFile(path_, key_, "", kNoLimit).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(Sealed, TheSinkGetsNothingFromTheDamageOn) {
  ASSERT_TRUE(Seal(Plain(2 * kPlainChunkBytes)).ok());
  std::string damaged = FileBytes(path_);
  damaged.back() = char(damaged.back() ^ 1);
  SetFileBytes(path_, damaged);
  std::string received;
  const absl::Status status = OpenStream(path_, key_, "context", [&](std::string_view plain) {
    received.append(plain);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(received, Plain(kPlainChunkBytes));
}

TEST_F(Sealed, TheSinkCanStop) {
  ASSERT_TRUE(Seal("x").ok());
  const auto stop = [](std::string_view) { return absl::CancelledError(); };
  EXPECT_EQ(OpenStream(path_, key_, "context", stop).code(), absl::StatusCode::kCancelled);
}

TEST_F(Sealed, PlainBytesAreNeverInTheFile) {
  const std::string canary = Plain(kPlainChunkBytes + 500);
  const auto writer = Writer::Create(path_, key_, "context");
  ASSERT_TRUE((*writer)->Append(canary).ok());
  EXPECT_GT(FileBytes(path_).size(), kPlainChunkBytes);
  EXPECT_EQ(FileBytes(path_).find(canary.substr(0, 16)), std::string::npos);
  ASSERT_TRUE((*writer)->Finish().ok());
  for (size_t at = 0; at + 16 < canary.size(); at += 499) {
    EXPECT_EQ(FileBytes(path_).find(canary.substr(at, 16)), std::string::npos) << at;
  }
}

TEST_F(Sealed, AnUnfinishedFileIsDeleted) {
  {
    const auto writer = Writer::Create(path_, key_, "context");
    ASSERT_TRUE((*writer)->Append(Plain(100000)).ok());
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Sealed, ExistingFilesAreNotOverwritten) {
  SetFileBytes(path_, "mine");
  EXPECT_EQ(Writer::Create(path_, key_, "context").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(FileBytes(path_), "mine");
}

TEST_F(Sealed, FilesAreForTheOwnerOnly) {
  ASSERT_TRUE(Seal("x").ok());
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(Sealed, MissingAndLargeFilesAreRefused) {
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Seal(Plain(1000)).ok());
  EXPECT_EQ(OpenFile(path_, key_, "context", 999).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(OpenFile(path_, key_, "context", 1000).ok());
}

TEST_F(Sealed, PublishedBytesReplaceTheFile) {
  for (const size_t size : {size_t{0}, size_t{10}, kPlainChunkBytes, kPlainChunkBytes + 1, 3 * kPlainChunkBytes}) {
    ASSERT_TRUE(PublishSealed(path_, Plain(size), key_, "context").ok());
    EXPECT_EQ(*Open(), Plain(size)) << size;
  }
  EXPECT_EQ(CountFiles(folder_.path()), 1u);
}

}  // namespace
}  // namespace colonnade::sealed
