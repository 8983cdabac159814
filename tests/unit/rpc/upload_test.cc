// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/upload.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace colonnade::rpc {
namespace {

class UploadTest : public ::testing::Test {
 protected:
  void SetUp() override { order_.Begin(10); }

  std::string Refusal(int64_t offset, std::string_view data) { return FieldOf(order_.Take(offset, data)); }

  UploadOrder order_;
};

TEST_F(UploadTest, TakesChunksInOrder) {
  EXPECT_TRUE(order_.Take(0, "0123").ok());
  EXPECT_TRUE(order_.Take(4, "456789").ok());
  EXPECT_TRUE(order_.End().ok());
}

TEST_F(UploadTest, RefusesGapsAndRepetitions) {
  EXPECT_EQ(Refusal(1, "x"), "chunk.offset");
  ASSERT_TRUE(order_.Take(0, "01").ok());
  EXPECT_EQ(Refusal(0, "01"), "chunk.offset");
  EXPECT_EQ(Refusal(std::numeric_limits<int64_t>::min(), "01"), "chunk.offset");
}

TEST_F(UploadTest, RefusesMoreThanAnnounced) {
  EXPECT_EQ(Refusal(0, "0123456789A"), "chunk.data");
  ASSERT_TRUE(order_.Take(0, "0123456789").ok());
  EXPECT_EQ(Refusal(10, "A"), "chunk.data");
}

TEST_F(UploadTest, RefusesEmptyAndOversizedChunks) {
  EXPECT_EQ(Refusal(0, ""), "chunk.data");
  order_.Begin(int64_t{1} << 40);
  EXPECT_EQ(Refusal(0, std::string(size_t(kMaxChunkBytes) + 1, 'x')), "chunk.data");
  EXPECT_TRUE(order_.Take(0, std::string(size_t(kMaxChunkBytes), 'x')).ok());
}

TEST_F(UploadTest, NoticesAnEarlyEnd) {
  ASSERT_TRUE(order_.Take(0, "012").ok());
  EXPECT_EQ(FieldOf(order_.End()), "chunk");
}

}  // namespace
}  // namespace colonnade::rpc
