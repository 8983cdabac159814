// SPDX-License-Identifier: Apache-2.0
#include "server/device/uio_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "server/device/registers.h"
#include "server/rtl/board/endpoint.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::device {
namespace {

using ::testing::HasSubstr;

class UioDeviceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Device> Open() { return OpenUio(BoardFolder(folder())).value(); }
  std::string folder() const { return scratch_.path().string(); }
  std::string BufferFile(const std::string& name) const {
    return folder() + "/sys/class/u-dma-buf/udmabuf0/" + name;
  }

  const ScratchFolder scratch_;
  rtl::Endpoint board_ = rtl::EndpointInFolder(folder(), 4096, false).value();
};

TEST(ParseDevice, KnowsTwoKinds) {
  const UioOptions uio = ParseDevice("uio:uio3:udmabuf1").value();
  EXPECT_EQ(uio.uio, "uio3");
  EXPECT_EQ(uio.buffer, "udmabuf1");
  EXPECT_EQ(uio.dev_root, "/dev");
  EXPECT_EQ(ParseDevice("board:/run/b").value(), BoardFolder("/run/b"));
  for (const char* wrong : {"", "uio:", "uio::", "uio:uio0", "uio:uio0:", "uio:../uio0:b", "board:", "pci:0"}) {
    EXPECT_EQ(ParseDevice(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST_F(UioDeviceTest, SharesRegistersAndBuffer) {
  const auto device = Open();
  device->Write32(kSubmit, 77);
  EXPECT_EQ(Read32(board_.registers, kSubmit), 77);
  Write32(board_.registers, kCompletion, 78);
  EXPECT_EQ(device->Read32(kCompletion), 78);
  device->buffer().bytes[4095] = 9;
  EXPECT_EQ(board_.buffer.bytes()[4095], 9);
  EXPECT_EQ(device->buffer().address, kBoardBufferAddress);
}

TEST_F(UioDeviceTest, AnInterruptComesOncePerArming) {
  const auto device = Open();
  EXPECT_FALSE(*device->WaitForInterrupt(absl::ZeroDuration()));
  board_.line->Raise();
  EXPECT_TRUE(*device->WaitForInterrupt(absl::Seconds(5)));
  board_.line->Raise();
  board_.line->Attend();
  EXPECT_FALSE(*device->WaitForInterrupt(absl::Milliseconds(20)));  // nobody has enabled it again
  ASSERT_TRUE(device->ArmInterrupt().ok());
  for (int i = 0; i < 50 && !*device->WaitForInterrupt(absl::Milliseconds(20)); ++i) board_.line->Attend();
  EXPECT_FALSE(*device->WaitForInterrupt(absl::ZeroDuration()));
}

TEST_F(UioDeviceTest, SynchronizesWhatItIsTold) {
  const auto device = Open();
  ASSERT_TRUE(device->SyncForDevice(64, 128).ok());
  EXPECT_EQ(FileBytes(BufferFile("sync_offset")), "64\n");
  EXPECT_EQ(FileBytes(BufferFile("sync_size")), "128\n");
  EXPECT_EQ(FileBytes(BufferFile("sync_direction")), "1\n");
  EXPECT_EQ(FileBytes(BufferFile("sync_for_device")), "1\n");
  EXPECT_EQ(FileBytes(BufferFile("sync_for_cpu")), "0\n");
  ASSERT_TRUE(device->SyncForHost(64, 128).ok());
  EXPECT_EQ(FileBytes(BufferFile("sync_for_cpu")), "1\n");
}

TEST_F(UioDeviceTest, NamesTheFileThatIsWrong) {
  SetFileBytes(BufferFile("phys_addr"), "here\n");
  const absl::Status status = OpenUio(BoardFolder(folder())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("phys_addr' holds 'here'"));
  EXPECT_EQ(OpenUio(BoardFolder(folder() + "/none")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace colonnade::device
