// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

using ::testing::ElementsAre;

FormatOptions Options(const std::string& labels = "", int64_t offset = 0, int64_t limit = 0) {
  return {.format = Format::kMnist, .labels = labels, .limit = limit, .offset = offset};
}

Bytes Images(uint32_t count) { return Idx({count, 4, 5}, Noise(count * 20, 1)); }

class Mnist : public Formats {
 protected:
  // Files of three images with labels `labels`, named as MNIST's.
  std::string PutPair(const std::string& stem, const Bytes& labels, bool gzip) {
    const Bytes images = Images(3), values = Idx({3}, labels);
    const std::string end = gzip ? "-ubyte.gz" : "-ubyte";
    Put(stem + "-labels-idx1" + end, gzip ? Gzip(values) : values);
    return Put(stem + "-images-idx3" + end, gzip ? Gzip(images) : images);
  }
};

TEST_F(Mnist, ImagesFindTheirLabels) {
  for (const bool gzip : {false, true}) {
    const auto records = ReadRecords(PutPair("t10k", {4, 0, 7}, gzip), Options());
    ASSERT_TRUE(records.ok()) << records.status().message();
    EXPECT_THAT(records->labels, ElementsAre(4, 0, 7));
    EXPECT_EQ(records->pixels, Noise(60, 1));
    EXPECT_EQ(records->channels * 10000 + records->height * 100 + records->width, 10405);
    EXPECT_EQ(records->classes, 10);
    EXPECT_EQ(records->files.size(), 2u);
  }
}

TEST_F(Mnist, OffsetAndLimitSelect) {
  for (const bool gzip : {false, true}) {
    const std::string path = PutPair("t10k", {4, 0, 7}, gzip);
    const auto records = ReadRecords(path, Options("", 1, 1));
    ASSERT_TRUE(records.ok()) << records.status().message();
    EXPECT_THAT(records->labels, ElementsAre(0));
    const Bytes all = Noise(60, 1);
    EXPECT_EQ(records->pixels, Bytes(all.begin() + 20, all.begin() + 40));
  }
}

TEST_F(Mnist, AFolderGivesItsTrainingPair) {
  PutPair("t10k", {1, 1, 1}, true);
  PutPair("train", {2, 2, 2}, true);
  PutPair("aaa", {3, 3, 3}, false);
  EXPECT_THAT(ReadRecords(folder_.string(), Options())->labels, ElementsAre(2, 2, 2));
  PutPair("train", {5, 5, 5}, false);
  EXPECT_THAT(ReadRecords(folder_.string(), Options())->labels, ElementsAre(5, 5, 5));
}

TEST_F(Mnist, DottedNamesAreKnown) {
  Put("train-images.idx3-ubyte", Images(1));
  Put("train-labels.idx1-ubyte", Idx({1}, {6}));
  EXPECT_THAT(ReadRecords(folder_.string(), Options())->labels, ElementsAre(6));
}

TEST_F(Mnist, LabelsMayBeNamedOrLeftOut) {
  const std::string images = Put("pictures", Images(2));
  EXPECT_REFUSED(ReadRecords(images, Options()), Code::kInvalidArgument, "no labels file beside it");
  EXPECT_THAT(ReadRecords(images, Options(Put("classes", Idx({2}, {30, 1}))))->labels, ElementsAre(30, 1));
  EXPECT_EQ(ReadRecords(images, Options(Path("classes")))->classes, 31);
  EXPECT_THAT(ReadRecords(images, Options("none"))->labels, ElementsAre(kNoLabel, kNoLabel));
  EXPECT_REFUSED(ReadRecords(images, Options(Path("none.idx"))), Code::kNotFound, "none.idx");
}

TEST_F(Mnist, AnotherNumberOfLabelsIsRefused) {
  const std::string images = Put("pictures", Images(2)), labels = Put("classes", Idx({3}, {0, 1, 2}));
  EXPECT_REFUSED(ReadRecords(images, Options(labels)), Code::kInvalidArgument, "3 labels for 2 images");
}

TEST_F(Mnist, ImagesAndLabelsAreNotMixedUp) {
  const std::string images = Put("pictures", Images(2)), labels = Put("classes", Idx({2}, {0, 1}));
  EXPECT_REFUSED(ReadRecords(labels, Options("none")), Code::kInvalidArgument,
                 "holds labels; pass the file of the images");
  EXPECT_REFUSED(ReadRecords(images, Options(images)), Code::kInvalidArgument, "holds images");
}

TEST_F(Mnist, ForeignMagicIsRefused) {
  const auto read = [&](const Bytes& bytes) { return ReadRecords(Put("a", bytes), Options("none")); };
  EXPECT_REFUSED(read({'G', 'I', 'F', '8'}), Code::kInvalidArgument, "begins with 47 49");
  EXPECT_REFUSED(read(Idx({1, 1, 1}, Bytes(4), 0x0d)), Code::kInvalidArgument, "IDX type 0x0d");
  EXPECT_REFUSED(read(Idx({1, 1}, Bytes(1))), Code::kInvalidArgument, "2 dimensions");
  EXPECT_REFUSED(read({0, 0, 8}), Code::kInvalidArgument, "ends after 3 bytes");
}

TEST_F(Mnist, DamageIsNoticed) {
  Bytes images = Images(3);
  images.pop_back();
  EXPECT_REFUSED(ReadRecords(Put("a", images), Options("none")), Code::kInvalidArgument, "more than the file can hold");
  images = Images(3);
  images.push_back(0);
  EXPECT_REFUSED(ReadRecords(Put("a", images), Options("none")), Code::kInvalidArgument, "should end at byte 76");
}

TEST_F(Mnist, DamagedGzipIsNoticed) {
  Bytes packed = Gzip(Images(3));
  packed.resize(packed.size() - 12);
  EXPECT_REFUSED(ReadRecords(Put("a", packed), Options("none")), Code::kInvalidArgument, "cut off");
  packed = Gzip(Images(3));
  packed[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_REFUSED(ReadRecords(Put("a", packed), Options("none")), Code::kInvalidArgument, "broken gzip data");
}

TEST_F(Mnist, NothingIsAllocatedForAHeadersClaim) {
  const auto read = [&](const Bytes& bytes) { return ReadRecords(Put("a", bytes), Options("none", 0, 10)); };
  EXPECT_REFUSED(read(Idx({0xffffffff, 1, 1}, {})), Code::kInvalidArgument, "4294967295 images");
  EXPECT_REFUSED(read(Idx({1, 0xffffffff, 0xffffffff}, {})), Code::kInvalidArgument, "each must be 1 to 65536");
  EXPECT_REFUSED(read(Idx({1, 65536, 65536}, {})), Code::kInvalidArgument, "at most 67108864 pixels");
  EXPECT_REFUSED(read(Idx({1, 0, 5}, {})), Code::kInvalidArgument, "each must be 1 to 65536");
  EXPECT_REFUSED(read(Gzip(Idx({100000000, 1000, 1000}, {}))), Code::kInvalidArgument, "more than the file can hold");
}

TEST_F(Mnist, ASelectionTooLargeToHoldIsRefused) {
  const std::string path = Put("a", Gzip(Idx({100000, 4096, 4096}, {})));
  EXPECT_REFUSED(ReadRecords(path, Options("none")), Code::kResourceExhausted, "use a limit and an offset");
}

// 40 MB of zeros packed to 40 KB: the header counts, not what unpacks.
TEST_F(Mnist, MoreDataThanTheHeaderSaysIsRefused) {
  const std::string path = Put("a", Gzip(Idx({1, 2, 2}, Bytes(40'000'000))));
  EXPECT_REFUSED(ReadRecords(path, Options("none")), Code::kInvalidArgument, "should end at byte 20");
}

}  // namespace
}  // namespace colonnade::client
