// SPDX-License-Identifier: Apache-2.0
// The readers on real files, under the folder that COLONNADE_DATA names.
#include <cstdlib>
#include <numeric>

#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

class RealFiles : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("COLONNADE_DATA");
    if (data == nullptr) GTEST_SKIP() << "COLONNADE_DATA is not set";
    data_ = data;
  }
  std::string data_;
};

double Mean(const Records& records) {
  return std::accumulate(records.pixels.begin(), records.pixels.end(), 0.0) / double(records.pixels.size()) / 255;
}

// The known mean over MNIST is 0.1307.
TEST_F(RealFiles, MnistFolder) {
  const auto records = ReadRecords(data_ + "/mnist");
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_EQ(records->size(), 60000);
  EXPECT_EQ(records->classes, 10);
  EXPECT_NEAR(Mean(*records), 0.1307, 0.0001);
}

TEST_F(RealFiles, MnistTestImages) {
  const auto records =
      ReadRecords(data_ + "/mnist/t8k-images-idx3-ubyte.gz", {.format = Format::kMnist, .limit = 5, .offset = 0});
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_THAT(records->labels, testing::ElementsAre(7, 2, 1, 0, 4));
}

TEST_F(RealFiles, Cifar10) {
  const auto records = ReadRecords(data_ + "/cifar10/test_5k.bin");
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_EQ(records->size(), 5000);
  EXPECT_NEAR(Mean(*records), 0.47, 0.01);  // of 0.485, 0.456, 0.406 and the like
}

}  // namespace
}  // namespace colonnade::client
