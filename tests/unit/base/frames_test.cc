// SPDX-License-Identifier: Apache-2.0
#include "server/base/frames.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace colonnade {
namespace {

class FramesTest : public testing::Test {
 protected:
  FramesTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~FramesTest() override {
    CloseWriter();
    ::close(ends_[1]);
  }
  void CloseWriter() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  void WriteRaw(std::string_view bytes) {
    ASSERT_EQ(::write(ends_[0], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  int writer() const { return ends_[0]; }
  int reader() const { return ends_[1]; }

 private:
  int ends_[2] = {-1, -1};
};

TEST_F(FramesTest, FramesArriveWholeAndInOrder) {
  ASSERT_TRUE(WriteFrame(writer(), "first").ok());
  ASSERT_TRUE(WriteFrame(writer(), "").ok());
  ASSERT_TRUE(WriteFrame(writer(), std::string("a\0b", 3)).ok());
  EXPECT_EQ(*ReadFrame(reader()), "first");
  EXPECT_EQ(*ReadFrame(reader()), "");
  EXPECT_EQ(*ReadFrame(reader()), std::string("a\0b", 3));
}

TEST_F(FramesTest, CleanEndIsOutOfRange) {
  CloseWriter();
  EXPECT_EQ(ReadFrame(reader()).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(FramesTest, EndInsideHeaderOrPayloadIsDataLoss) {
  WriteRaw(std::string("\x05\x00", 2));
  CloseWriter();
  EXPECT_EQ(ReadFrame(reader()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FramesTest, EndInsidePayloadIsDataLoss) {
  WriteRaw(std::string("\x05\x00\x00\x00" "abc", 7));
  CloseWriter();
  EXPECT_EQ(ReadFrame(reader()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FramesTest, HugeAnnouncementIsRefusedBeforeAllocation) {
  WriteRaw("\xff\xff\xff\xff");
  EXPECT_EQ(ReadFrame(reader()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FramesTest, WritingToAGoneReaderIsUnavailable) {
  ::shutdown(reader(), SHUT_RDWR);
  EXPECT_EQ(WriteFrame(writer(), "x").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace colonnade
