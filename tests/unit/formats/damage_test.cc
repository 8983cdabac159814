// SPDX-License-Identifier: Apache-2.0
// Every reader meets files that are cut off or altered anywhere. It may read them, where
// pixels changed, or refuse them; it says why, and nothing else happens.
#include <png.h>

#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

class Damage : public Formats {
 protected:
  void SetUp() override {
    Formats::SetUp();
    std::filesystem::create_directories(Path("classes/a"));
  }

  Bytes ReadBack(const std::string& name) const {
    std::FILE* file = std::fopen(Path(name).c_str(), "rb");
    Bytes bytes(size_t(std::filesystem::file_size(Path(name))));
    EXPECT_EQ(std::fread(bytes.data(), 1, bytes.size(), file), bytes.size());
    std::fclose(file);
    return bytes;
  }

  // Damages the file `name` in many ways while `path`, of that format, is read.
  void Try(const std::string& name, const std::string& path, Format format) {
    const Bytes whole = ReadBack(name);
    const FormatOptions options{.format = format, .labels = format == Format::kMnist ? "none" : ""};
    ASSERT_TRUE(ReadRecords(path, options).ok()) << ReadRecords(path, options).status().message();
    const size_t step = whole.size() / 150 + 1;
    for (size_t place = 0; place < whole.size(); place += step) {
      Put(name, Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(place)));
      Expect(ReadRecords(path, options), false, place);
      for (const uint8_t flip : {0x01, 0x80, 0xff}) {
        Bytes altered = whole;
        altered[place] ^= flip;
        Put(name, altered);
        Expect(ReadRecords(path, options), true, place);
      }
    }
  }

  static void Expect(const Result<Records>& result, bool may_be_fine, size_t place) {
    if (!result.ok()) {
      EXPECT_FALSE(result.status().message().empty());
      return;
    }
    EXPECT_TRUE(may_be_fine) << "cut off at " << place;
    const int64_t pixels = int64_t{1} * result->channels * result->height * result->width;
    EXPECT_EQ(int64_t(result->pixels.size()), result->size() * pixels);
  }
};

TEST_F(Damage, Cifar10) { Try("a.bin", Put("a.bin", CifarRecords({1})), Format::kCifar10); }

TEST_F(Damage, Mnist) {
  Try("a", Put("a", Idx({2, 5, 5}, Noise(50, 1))), Format::kMnist);
  Try("a", Put("a", Gzip(Idx({2, 5, 5}, Noise(50, 1)))), Format::kMnist);
}

TEST_F(Damage, NumPy) {
  Try("a.npy", Put("a.npy", Npy("|u1", "(2, 5, 5)", Noise(50, 1))), Format::kNpy);
  for (const bool deflate : {false, true}) {
    WriteZip(Path("a.npz"), {{"x.npy", Npy("|u1", "(2, 5, 5)", Noise(50, 1))}, {"y.npy", Npy("|u1", "(2,)", {1, 2})}},
             deflate);
    Try("a.npz", Path("a.npz"), Format::kNpy);
  }
}

TEST_F(Damage, Png) {
  WritePng(Path("classes/a/1.png"), 9, 9, PNG_COLOR_TYPE_RGB, 8, Noise(243, 1));
  Try("classes/a/1.png", Path("classes"), Format::kFolder);
}

TEST_F(Damage, Jpeg) {
  WriteJpeg(Path("classes/a/1.jpg"), 9, 9, 3, Noise(243, 1));
  Try("classes/a/1.jpg", Path("classes"), Format::kFolder);
}

}  // namespace
}  // namespace colonnade::client
