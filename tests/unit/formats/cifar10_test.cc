// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

using ::testing::ElementsAre;

constexpr FormatOptions kOptions{.format = Format::kCifar10};

FormatOptions Range(int64_t offset, int64_t limit) {
  return {.format = Format::kCifar10, .limit = limit, .offset = offset};
}

class Cifar10 : public Formats {};

TEST_F(Cifar10, RecordsComeAsTheyStand) {
  const std::string path = Put("a.bin", CifarRecords({3, 0, 9}));
  const auto records = ReadRecords(path, kOptions);
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_THAT(records->labels, ElementsAre(3, 0, 9));
  EXPECT_EQ(records->channels * 1000000 + records->height * 1000 + records->width, 3032032);
  EXPECT_EQ(records->classes, 10);
  EXPECT_EQ(Bytes(records->pixels.end() - 3072, records->pixels.end()), Noise(3072, 2));
  EXPECT_THAT(records->files, ElementsAre(path));
}

TEST_F(Cifar10, OffsetAndLimitSelect) {
  const std::string path = Put("a.bin", CifarRecords({1, 2, 3, 4}));
  const auto records = ReadRecords(path, Range(1, 2));
  ASSERT_TRUE(records.ok());
  EXPECT_THAT(records->labels, ElementsAre(2, 3));
  EXPECT_EQ(Bytes(records->pixels.begin(), records->pixels.begin() + 3072), Noise(3072, 1));
  EXPECT_EQ(ReadRecords(path, Range(3, 100))->size(), 1);
}

TEST_F(Cifar10, BatchesOfAFolderFollowByNumber) {
  Put("set/data_batch_10.bin", CifarRecords({7}));
  Put("set/data_batch_9.bin", CifarRecords({5, 6}));
  Put("set/test_batch.bin", CifarRecords({1}));
  EXPECT_THAT(ReadRecords(Path("set"), kOptions)->labels, ElementsAre(5, 6, 7));
  EXPECT_THAT(ReadRecords(Path("set"), Range(1, 2))->labels, ElementsAre(6, 7));
  EXPECT_THAT(ReadRecords(Path("set"), Range(2, 0))->labels, ElementsAre(7));
}

TEST_F(Cifar10, AnOffsetBeyondTheEndIsRefused) {
  const std::string path = Put("a.bin", CifarRecords({1, 2}));
  EXPECT_REFUSED(ReadRecords(path, Range(2, 0)), Code::kInvalidArgument, "holds 2 records");
  EXPECT_REFUSED(ReadRecords(path, Range(-1, 0)), Code::kInvalidArgument, "offset: -1");
  EXPECT_REFUSED(ReadRecords(path, Range(0, -1)), Code::kInvalidArgument, "limit: -1");
}

TEST_F(Cifar10, CutOffAndEmptyFilesAreRefused) {
  Bytes bytes = CifarRecords({1, 2});
  bytes.pop_back();
  EXPECT_REFUSED(ReadRecords(Put("cut.bin", bytes), kOptions), Code::kInvalidArgument, "6145 bytes are not whole");
  EXPECT_REFUSED(ReadRecords(Put("empty.bin", {}), kOptions), Code::kInvalidArgument, "0 bytes are not whole");
}

TEST_F(Cifar10, AWrongLabelNamesItsRecord) {
  const std::string path = Put("a.bin", CifarRecords({1, 2, 10}));
  EXPECT_REFUSED(ReadRecords(path, kOptions), Code::kInvalidArgument, "record 2 (byte 6146) has label 10");
  EXPECT_TRUE(ReadRecords(path, Range(0, 2)).ok());
}

TEST_F(Cifar10, WhatIsMissingIsNotFound) {
  EXPECT_REFUSED(ReadRecords(Path("none.bin"), kOptions), Code::kNotFound, "none.bin");
  std::filesystem::create_directory(Path("empty"));
  EXPECT_REFUSED(ReadRecords(Path("empty"), kOptions), Code::kInvalidArgument, "no data_batch_*.bin");
}

TEST_F(Cifar10, LabelsCanBeLeftOutButNotReplaced) {
  const std::string path = Put("a.bin", CifarRecords({1, 2}));
  const auto none = ReadRecords(path, {.format = Format::kCifar10, .labels = "none"});
  EXPECT_THAT(none->labels, ElementsAre(kNoLabel, kNoLabel));
  EXPECT_EQ(none->classes, 0);
  EXPECT_REFUSED(ReadRecords(path, {.format = Format::kCifar10, .labels = "other"}), Code::kInvalidArgument,
                 "carries its labels");
}

}  // namespace
}  // namespace colonnade::client
