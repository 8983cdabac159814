// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

using ::testing::ElementsAre;

FormatOptions Options(const std::string& labels = "", int64_t offset = 0, int64_t limit = 0) {
  return {.format = Format::kNpy, .labels = labels, .limit = limit, .offset = offset};
}

std::string ShapeOf(const Records& records) {
  return std::to_string(records.channels) + "x" + std::to_string(records.height) + "x" + std::to_string(records.width);
}

class NumPy : public Formats {
 protected:
  Result<Records> ReadArray(std::string_view shape, size_t bytes, std::string_view descr = "|u1") {
    return ReadRecords(Put("a.npy", Npy(descr, shape, Noise(bytes, 1))), Options());
  }
  Result<Records> ReadWithLabels(std::string_view descr, std::string_view shape, const Bytes& labels) {
    return ReadRecords(Put("a.npy", Npy("|u1", "(2, 1, 2)", {1, 2, 3, 4})),
                       Options(Put("labels.npy", Npy(descr, shape, labels))));
  }
};

TEST_F(NumPy, EveryLayoutBecomesChannelMajor) {
  EXPECT_EQ(ShapeOf(*ReadArray("(2, 4, 5)", 40)), "1x4x5");
  EXPECT_EQ(ShapeOf(*ReadArray("(2, 3, 4, 5)", 120)), "3x4x5");
  EXPECT_EQ(ShapeOf(*ReadArray("(2, 4, 5, 3)", 120)), "3x4x5");
  EXPECT_EQ(ReadArray("(2, 3, 4, 5)", 120)->pixels, Noise(120, 1));
  const auto last = ReadRecords(Put("b.npy", Npy("|u1", "(2, 1, 2, 3)", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})));
  EXPECT_REFUSED(last, Code::kInvalidArgument, "channels may come first or last");
  const auto wide = ReadRecords(Put("c.npy", Npy("|u1", "(1, 2, 2, 3)", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})));
  EXPECT_THAT(wide->pixels, ElementsAre(1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12));
}

TEST_F(NumPy, OffsetAndLimitSelect) {
  const Bytes all = Noise(12, 1);
  const std::string first = Put("first.npy", Npy("|u1", "(3, 1, 2, 2)", all));
  EXPECT_EQ(ReadRecords(first, Options("", 1, 1))->pixels, Bytes(all.begin() + 4, all.begin() + 8));
  const std::string last = Put("last.npy", Npy("|u1", "(3, 2, 2, 1)", all));
  EXPECT_EQ(ReadRecords(last, Options("", 2, 0))->pixels, Bytes(all.begin() + 8, all.end()));
}

TEST_F(NumPy, WithoutLabelsThereAreNone) {
  const auto records = ReadArray("(2, 4, 5)", 40);
  EXPECT_THAT(records->labels, ElementsAre(kNoLabel, kNoLabel));
  EXPECT_EQ(records->classes, 0);
}

TEST_F(NumPy, LabelsAreIntegersOfAnyWidth) {
  EXPECT_THAT(ReadWithLabels("|u1", "(2,)", {7, 200})->labels, ElementsAre(7, 200));
  EXPECT_THAT(ReadWithLabels("<i2", "(2, 1)", {1, 2, 3, 0})->labels, ElementsAre(513, 3));
  EXPECT_THAT(ReadWithLabels(">i4", "(2,)", {0, 0, 1, 0, 0, 0, 0, 9})->labels, ElementsAre(256, 9));
  const auto wide = ReadWithLabels("<i8", "(2,)", {5, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0});
  EXPECT_THAT(wide->labels, ElementsAre(5, 65535));
  EXPECT_EQ(wide->classes, 65536);
}

TEST_F(NumPy, LabelsOutOfRangeAreNamed) {
  EXPECT_REFUSED(ReadWithLabels("|i1", "(2,)", {0, 255}), Code::kInvalidArgument, "label 1 is not 0 to 65535");
  EXPECT_REFUSED(ReadWithLabels("<u4", "(2,)", {0, 0, 1, 0, 0, 0, 0, 0}), Code::kInvalidArgument, "label 0 is not");
  EXPECT_REFUSED(ReadWithLabels("<f4", "(2,)", Bytes(8)), Code::kInvalidArgument, "labels of type '<f4'");
  EXPECT_REFUSED(ReadWithLabels("|u1", "(2, 2)", Bytes(4)), Code::kInvalidArgument, "labels of shape [2, 2]");
  EXPECT_REFUSED(ReadWithLabels("|u1", "(3,)", Bytes(3)), Code::kInvalidArgument, "3 labels for 2 images");
}

TEST_F(NumPy, OtherArraysAreRefused) {
  EXPECT_REFUSED(ReadArray("(2, 4, 5)", 160, "<f4"), Code::kInvalidArgument, "values of type '<f4'");
  EXPECT_REFUSED(ReadArray("(2, 4, 5)", 40, "|S1"), Code::kInvalidArgument, "values of type '|S1'");
  EXPECT_REFUSED(ReadArray("(2, 4, 5, 2)", 80), Code::kInvalidArgument, "no dimension of 1 or 3 channels");
  EXPECT_REFUSED(ReadArray("(40,)", 40), Code::kInvalidArgument, "shape [40]");
  EXPECT_REFUSED(ReadArray("()", 1), Code::kInvalidArgument, "shape []");
  EXPECT_REFUSED(ReadArray("(0, 4, 5)", 0), Code::kInvalidArgument, "holds no records");
  const std::string fortran = Put("f.npy", Npy("|u1", "(2, 4, 5)", Noise(40, 1), true));
  EXPECT_REFUSED(ReadRecords(fortran, Options()), Code::kInvalidArgument, "Fortran order");
}

TEST_F(NumPy, DamageIsNoticed) {
  EXPECT_REFUSED(ReadArray("(2, 4, 5)", 39), Code::kInvalidArgument, "more than the file holds");
  EXPECT_REFUSED(ReadArray("(2, 4, 5)", 41), Code::kInvalidArgument, "should end at byte");
  EXPECT_REFUSED(ReadArray("(2, 4, 5", 40), Code::kInvalidArgument, "names no simple array");
  EXPECT_REFUSED(ReadArray("(2, -4, 5)", 40), Code::kInvalidArgument, "names no simple array");
  EXPECT_REFUSED(ReadRecords(Put("a", {0x93, 'N', 'U', 'M', 'P', 'Y', 9, 0, 0, 0}), Options()), Code::kInvalidArgument,
                 "version 9");
  EXPECT_REFUSED(ReadRecords(Put("a", {'x', 'y'}), Options()), Code::kInvalidArgument, "ends after 2 bytes");
  EXPECT_REFUSED(ReadRecords(Put("a", Bytes(20)), Options()), Code::kInvalidArgument, "no NumPy array");
}

TEST_F(NumPy, NothingIsAllocatedForAHeadersClaim) {
  EXPECT_REFUSED(ReadArray("(9223372036854775807, 3, 3)", 9), Code::kInvalidArgument, "more than the file holds");
  EXPECT_REFUSED(ReadArray("(99999999999999999999, 3, 3)", 9), Code::kInvalidArgument, "names no simple array");
  EXPECT_REFUSED(ReadArray("(1, 9223372036854775807, 2)", 9), Code::kInvalidArgument, "each must be 1 to 65536");
}

class Npz : public NumPy {
 protected:
  std::string PutArchive(const std::string& images, const std::string& labels, bool deflate = true) {
    WriteZip(Path("a.npz"),
             {{images + ".npy", Npy("|u1", "(2, 2, 2)", Noise(8, 3))},
              {labels + ".npy", Npy("|u1", "(2,)", {4, 5})},
              {"x_test.npy", Npy("|u1", "(1, 2, 2)", Noise(4, 4))},
              {"y_test.npy", Npy("|u1", "(1,)", {6})}},
             deflate);
    return Path("a.npz");
  }
};

TEST_F(Npz, StoredAndDeflatedArraysAreRead) {
  for (const bool deflate : {false, true}) {
    const auto records = ReadRecords(PutArchive("x_train", "y_train", deflate));
    ASSERT_TRUE(records.ok()) << records.status().message();
    EXPECT_EQ(records->pixels, Noise(8, 3));
    EXPECT_THAT(records->labels, ElementsAre(4, 5));
  }
}

TEST_F(Npz, KnownNamesArePaired) {
  for (const auto& [images, labels] : {std::pair{"images", "labels"}, {"x", "y"}, {"train_images", "train_labels"}}) {
    EXPECT_THAT(ReadRecords(PutArchive(images, labels))->labels, ElementsAre(4, 5)) << images;
  }
}

TEST_F(Npz, AnArrayCanBeNamed) {
  const std::string path = PutArchive("x_train", "y_train");
  EXPECT_THAT(ReadRecords(path + ":x_test")->labels, ElementsAre(6));
  PutArchive("pixels", "targets");
  EXPECT_THAT(ReadRecords(path + ":pixels")->labels, ElementsAre(kNoLabel, kNoLabel));
  EXPECT_REFUSED(ReadRecords(path + ":other"), Code::kInvalidArgument, "no array named other; it holds pixels.npy");
}

TEST_F(Npz, LabelsMayComeFromElsewhere) {
  const std::string path = PutArchive("x", "y");
  EXPECT_THAT(ReadRecords(path, Options(Put("l.npy", Npy("|u1", "(2,)", {8, 9}))))->labels, ElementsAre(8, 9));
  EXPECT_THAT(ReadRecords(path, Options("none"))->labels, ElementsAre(kNoLabel, kNoLabel));
}

TEST_F(Npz, DamagedArchivesAreRefused) {
  WriteZip(Path("a.npz"), {{"other.npy", Npy("|u1", "(2, 2, 2)", Noise(8, 3))}}, true);
  EXPECT_REFUSED(ReadRecords(Path("a.npz")), Code::kInvalidArgument, "no array of images");
  EXPECT_REFUSED(ReadRecords(Put("b.npz", {'P', 'K', 3, 4, 0, 0}), Options()), Code::kInvalidArgument,
                 "no readable zip archive");
  EXPECT_REFUSED(ReadRecords(Path("none.npz:x")), Code::kNotFound, "none.npz");
}

TEST_F(Npz, AWrongChecksumIsNoticed) {
  const Bytes array = Npy("|u1", "(2, 2, 2)", Noise(8, 3));
  WriteZip(Path("a.npz"), {{"x.npy", array}}, false);
  std::FILE* file = std::fopen(Path("a.npz").c_str(), "r+b");
  std::fseek(file, long(30 + 5 + array.size() - 1), SEEK_SET);  // the last pixel
  std::fputc(~array.back(), file);
  std::fclose(file);
  EXPECT_REFUSED(ReadRecords(Path("a.npz")), Code::kInvalidArgument, "broken after");
}

}  // namespace
}  // namespace colonnade::client
