// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/detect.h"

#include <png.h>

#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

class Detect : public Formats {
 protected:
  Result<Format> Of(const Bytes& bytes) { return DetectFormat(Put("file", bytes)); }
};

TEST_F(Detect, FilesAreToldByContent) {
  const std::string digits = DigitsText();
  EXPECT_EQ(*Of(CifarRecords({1, 2})), Format::kCifar10);
  EXPECT_EQ(*Of(Idx({1, 2, 2}, Bytes(4))), Format::kMnist);
  EXPECT_EQ(*Of(Gzip(Idx({1, 2, 2}, Bytes(4)))), Format::kMnist);
  EXPECT_EQ(*Of(Npy("|u1", "(1, 2, 2)", Bytes(4))), Format::kNpy);
  EXPECT_EQ(*Of({digits.begin(), digits.end()}), Format::kDigits);
  EXPECT_EQ(*Of(Gzip({digits.begin(), digits.end()})), Format::kDigits);
  WriteZip(Path("a.npz"), {{"x.npy", {1}}}, false);
  EXPECT_EQ(*DetectFormat(Path("a.npz")), Format::kNpy);
  EXPECT_EQ(*DetectFormat(Path("a.npz:x")), Format::kNpy);
}

TEST_F(Detect, FoldersAreToldByTheirEntries) {
  Put("classes/cat/1.png", {1});
  Put("mnist/t10k-images-idx3-ubyte.gz", {1});
  Put("cifar/data_batch_1.bin", {1});
  Put("nothing/readme", {1});
  EXPECT_EQ(*DetectFormat(Path("classes")), Format::kFolder);
  EXPECT_EQ(*DetectFormat(Path("mnist")), Format::kMnist);
  EXPECT_EQ(*DetectFormat(Path("cifar")), Format::kCifar10);
  EXPECT_REFUSED(DetectFormat(Path("nothing")), Code::kInvalidArgument, "neither data_batch_*.bin");
}

TEST_F(Detect, NearMissesSayWhatToPass) {
  EXPECT_REFUSED(Of(Idx({1}, {0})), Code::kInvalidArgument, "pass the images");
  EXPECT_REFUSED(Of({0x89, 'P', 'N', 'G'}), Code::kInvalidArgument, "sub-folder per class");
  EXPECT_REFUSED(Of({'a'}), Code::kInvalidArgument, "pass cifar10, mnist, folder, npy or digits");
  EXPECT_REFUSED(Of({}), Code::kInvalidArgument, "cannot be told");
  EXPECT_REFUSED(DetectFormat(Path("none")), Code::kNotFound, "none");
}

TEST_F(Detect, NamesOfFormatsAreParsed) {
  for (const char* name : {"auto", "cifar10", "mnist", "folder", "npy", "digits"}) {
    EXPECT_STREQ(FormatName(*ParseFormat(name)), name);
  }
  EXPECT_REFUSED(ParseFormat("CIFAR"), Code::kInvalidArgument, "auto, cifar10, mnist, folder, npy, digits");
}

TEST_F(Detect, ReadingDetectsByDefault) { EXPECT_EQ(ReadRecords(Put("a.bin", CifarRecords({4})))->classes, 10); }

}  // namespace
}  // namespace colonnade::client
