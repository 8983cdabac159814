// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include <algorithm>
#include <fstream>

#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

using ::testing::ElementsAre;

FormatOptions Range(int64_t offset, int64_t limit) {
  return {.format = Format::kFolder, .limit = limit, .offset = offset};
}

class ClassFolders : public Formats {
 protected:
  // A 2x2 gray image whose pixels all have one value.
  void PutGray(const std::string& name, uint8_t value) {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    WritePng(Path(name), 2, 2, PNG_COLOR_TYPE_GRAY, 8, Bytes(4, value));
  }
  Result<Records> Read(int64_t offset = 0, int64_t limit = 0) {
    return ReadRecords(folder_.string(), Range(offset, limit));
  }
  void CutInHalf(const std::string& name) {
    std::filesystem::resize_file(Path(name), std::filesystem::file_size(Path(name)) / 2);
  }
  // One image in a class of its own, written by WritePng.
  Result<Records> ReadOnePng(int width, int height, int color, int depth, const Bytes& rows) {
    std::filesystem::create_directories(Path("a"));
    WritePng(Path("a/1.png"), width, height, color, depth, rows);
    return Read();
  }
};

TEST_F(ClassFolders, ClassesTakeTurns) {
  PutGray("dog/b.png", 4);
  PutGray("dog/a.png", 3);
  PutGray("cat/1.png", 1);
  PutGray("cat/2.PNG", 2);
  PutGray("cat/3.png", 5);
  const auto records = Read();
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_THAT(records->class_names, ElementsAre("cat", "dog"));
  EXPECT_THAT(records->labels, ElementsAre(0, 1, 0, 1, 0));
  EXPECT_EQ(records->pixels, Bytes({1, 1, 1, 1, 3, 3, 3, 3, 2, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 5}));
}

TEST_F(ClassFolders, OnlySelectedImagesAreDecoded) {
  PutGray("a/1.png", 1);
  PutGray("b/1.png", 2);
  Put("a/2.png", {0x89, 'P', 'N', 'G'});
  EXPECT_EQ(Read(1, 1)->pixels, Bytes(4, 2));
  EXPECT_EQ(Read(1, 1)->classes, 2);
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "a/2.png: a damaged PNG");
  EXPECT_REFUSED(Read(3, 1), Code::kInvalidArgument, "holds 3 records");
}

TEST_F(ClassFolders, ColoursBecomeChannels) {
  const auto records = ReadOnePng(2, 1, PNG_COLOR_TYPE_RGB, 8, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(records->channels, 3);
  EXPECT_THAT(records->pixels, ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST_F(ClassFolders, AlphaIsDroppedNotBlended) {
  EXPECT_THAT(ReadOnePng(2, 1, PNG_COLOR_TYPE_RGBA, 8, {1, 2, 3, 0, 4, 5, 6, 128})->pixels,
              ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(ReadOnePng(2, 1, PNG_COLOR_TYPE_GRAY_ALPHA, 8, {9, 0, 8, 128})->pixels, ElementsAre(9, 8));
}

TEST_F(ClassFolders, DeepPixelsAreRounded) {
  EXPECT_THAT(ReadOnePng(4, 1, PNG_COLOR_TYPE_GRAY, 16, {0, 128, 0, 129, 0xff, 0x7e, 0xff, 0xff})->pixels,
              ElementsAre(0, 1, 254, 255));
}

TEST_F(ClassFolders, FewBitsSpreadOverTheRange) {
  EXPECT_THAT(ReadOnePng(4, 1, PNG_COLOR_TYPE_GRAY, 2, {0b00011011})->pixels, ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(ReadOnePng(2, 1, PNG_COLOR_TYPE_PALETTE, 8, {1, 5})->pixels, ElementsAre(1, 5, 2, 10, 3, 15));
}

TEST_F(ClassFolders, JpegsAreDecoded) {
  std::filesystem::create_directories(Path("a"));
  WriteJpeg(Path("a/1.jpg"), 16, 8, 1, Bytes(128, 77));
  EXPECT_EQ(Read()->pixels, Bytes(128, 77));
  Bytes colours;
  for (int i = 0; i < 256; ++i) colours.insert(colours.end(), {200, 40, 90});
  WriteJpeg(Path("a/1.jpg"), 16, 16, 3, colours);
  const auto records = Read();
  ASSERT_EQ(records->pixels.size(), 768u);
  EXPECT_NEAR(records->pixels[0], 200, 2);
  EXPECT_NEAR(records->pixels[256], 40, 2);
  EXPECT_NEAR(records->pixels[512], 90, 2);
}

TEST_F(ClassFolders, FourColoursAreRefused) {
  std::filesystem::create_directories(Path("a"));
  WriteJpeg(Path("a/1.jpg"), 8, 8, 4, Bytes(256, 1));
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "JPEG image of 4 components");
}

TEST_F(ClassFolders, CutOffImagesAreRefused) {
  std::filesystem::create_directories(Path("a"));
  WriteJpeg(Path("a/1.jpg"), 64, 64, 1, Noise(4096, 1));
  CutInHalf("a/1.jpg");
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "damaged JPEG image (Premature end");
  std::filesystem::remove(Path("a/1.jpg"));
  WritePng(Path("a/1.png"), 64, 64, PNG_COLOR_TYPE_GRAY, 8, Noise(4096, 1));
  CutInHalf("a/1.png");
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "damaged PNG image");
}

TEST_F(ClassFolders, FlippedBitsInAPngAreNoticed) {
  std::filesystem::create_directories(Path("a"));
  WritePng(Path("a/1.png"), 8, 8, PNG_COLOR_TYPE_GRAY, 8, Noise(64, 1));
  std::fstream file(Path("a/1.png"), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(60);
  file.put('\x5a');
  file.close();
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "damaged PNG image");
}

TEST_F(ClassFolders, MixedSizesNameBothImages) {
  PutGray("a/1.png", 1);
  WritePng(Path("a/2.png"), 2, 1, PNG_COLOR_TYPE_RGB, 8, Bytes(6));
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "a/2.png: 3x1x2");
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "a/1.png is 1x2x2");
}

TEST_F(ClassFolders, ForeignFilesAreRefusedHiddenOnesIgnored) {
  PutGray("a/1.png", 1);
  Put("a/.DS_Store", {1});
  Put("README.txt", {1});
  EXPECT_EQ(Read()->size(), 1);
  Put("a/notes.txt", {'h', 'i'});
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "notes.txt: neither a PNG nor a JPEG");
  std::filesystem::remove(Path("a/notes.txt"));
  std::filesystem::create_directory(Path("a/more"));
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "a/more: a folder inside a class folder");
}

TEST_F(ClassFolders, EmptyFoldersAreRefusedEmptyClassesKept) {
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "no class folders");
  std::filesystem::create_directory(Path("a"));
  EXPECT_REFUSED(Read(), Code::kInvalidArgument, "holds no records");
  PutGray("b/1.png", 1);
  EXPECT_THAT(Read()->labels, ElementsAre(1));
  EXPECT_REFUSED(ReadRecords(Path("none"), Range(0, 0)), Code::kNotFound, "none");
}

}  // namespace
}  // namespace colonnade::client
