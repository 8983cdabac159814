// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/record_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"

namespace colonnade::privacy {
namespace {

using ::testing::HasSubstr;

const sealed::Key& TheKey() {
  static const sealed::Key key = sealed::Key::Generate();
  return key;
}

std::string Record(std::string_view label, std::string_view pixels) { return std::string(label) + std::string(pixels); }

// Records of two pixels.
std::vector<RecordFingerprint> Fingerprints(std::string_view bytes, size_t piece = 1000) {
  RecordReader reader({2, 1, 1}, 256, TheKey());
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    EXPECT_TRUE(reader.Append(bytes.substr(0, piece)).ok());
  }
  EXPECT_TRUE(reader.at_boundary());
  return reader.TakeDistinct();
}

constexpr std::string_view kZero("\0\0\0\0", 4), kOne("\1\0\0\0", 4), kNone("\xff\xff\xff\xff", 4);

TEST(RecordReader, EqualPixelsAreOneRecordWhateverTheLabel) {
  EXPECT_EQ(Fingerprints(Record(kZero, "ab") + Record(kOne, "ab") + Record(kNone, "ab")).size(), 1u);
  EXPECT_EQ(Fingerprints(Record(kZero, "ab") + Record(kZero, "ac")).size(), 2u);
}

TEST(RecordReader, PiecesDoNotMatter) {
  std::string bytes;
  for (char pixel = 'a'; pixel <= 'z'; ++pixel) bytes += Record(kOne, std::string(2, pixel));
  const auto whole = Fingerprints(bytes);
  EXPECT_EQ(whole.size(), 26u);
  for (size_t piece = 1; piece < 20; ++piece) EXPECT_EQ(Fingerprints(bytes, piece), whole) << piece;
}

TEST(RecordReader, FingerprintsNeedTheKey) {
  RecordReader other({2, 1, 1}, 256, sealed::Key::Generate());
  ASSERT_TRUE(other.Append(Record(kOne, "ab")).ok());
  EXPECT_NE(other.TakeDistinct(), Fingerprints(Record(kOne, "ab")));
}

TEST(RecordReader, CountsWholeRecords) {
  RecordReader reader({2, 1, 1}, 2, TheKey());
  EXPECT_EQ(reader.record_bytes(), 6);
  ASSERT_TRUE(reader.Append(Record(kOne, "ab") + "\1").ok());
  EXPECT_EQ(reader.records(), 1);
  EXPECT_FALSE(reader.at_boundary());
}

TEST(RecordReader, KnowsWhetherAnyRecordIsLabelled) {
  RecordReader reader({2, 1, 1}, 2, TheKey());
  ASSERT_TRUE(reader.Append(Record(kNone, "ab")).ok());
  EXPECT_FALSE(reader.labelled());
  ASSERT_TRUE(reader.Append(Record(kOne, "ab")).ok());
  EXPECT_TRUE(reader.labelled());
}

TEST(RecordReader, NamesTheRecordWhoseLabelIsOutOfRange) {
  RecordReader reader({2, 1, 1}, 1, TheKey());
  const absl::Status status = reader.Append(Record(kZero, "ab") + Record(kNone, "ab") + Record(kOne, "ab"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("record 2 (counted from 0) has a label that is not within 0 to 0"));
}

TEST(RecordReader, LabelsAreLittleEndianAndUnsigned) {
  RecordReader reader({2, 1, 1}, 65536, TheKey());
  EXPECT_TRUE(reader.Append(Record(std::string_view("\xff\xff\0\0", 4), "ab")).ok());
  EXPECT_FALSE(reader.Append(Record(std::string_view("\0\0\1\0", 4), "ab")).ok());
  EXPECT_FALSE(RecordReader({2, 1, 1}, 65536, TheKey()).Append(Record("\xfe\xff\xff\xff", "ab")).ok());
}

TEST(RecordReader, WithoutClassesNoRecordHasALabel) {
  RecordReader reader({2, 1, 1}, 0, TheKey());
  EXPECT_TRUE(reader.Append(Record(kNone, "ab")).ok());
  const absl::Status status = reader.Append(Record(kZero, "ab"));
  EXPECT_THAT(std::string(Message(status)), HasSubstr("has a label, but the data set has 0 classes"));
}

}  // namespace
}  // namespace colonnade::privacy
