// SPDX-License-Identifier: Apache-2.0
#include "server/rtl/board/bridge.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>

#include "server/base/file_io.h"
#include "server/device/registers.h"

namespace colonnade::rtl {
namespace {

// Every command ends at once.
class PromptMachine final : public HostedMachine {
 public:
  uint32_t ReadRegister(uint32_t offset) override { return registers_[offset]; }
  void WriteRegister(uint32_t offset, uint32_t value) override {
    registers_[offset] = value;
    if (offset == device::kInterruptPending) pending_ = false;
  }
  void Advance(int) override {
    if (registers_[device::kCompletion] == registers_[device::kSubmit]) return;
    registers_[device::kCompletion] = registers_[device::kSubmit];
    pending_ = true;
  }
  bool interrupt() override { return pending_; }

 private:
  std::map<uint32_t, uint32_t> registers_;
  bool pending_ = false;
};

class CountingLine final : public InterruptLine {
 public:
  void Announce(const absl::Status&) override {}
  void Raise() override { ++raised; }
  bool Attend() override { return true; }
  int raised = 0;
};

device::Mapping RegisterPage() {
  char path[] = "/tmp/colonnade_registers_XXXXXX";
  const Descriptor file(::mkstemp(path));
  EXPECT_EQ(::ftruncate(file.get(), device::kRegisterPageBytes), 0);
  ::unlink(path);
  return *device::Mapping::Of(file.get(), device::kRegisterPageBytes, path);
}

// As the driver does it, without waiting for the bridge between the writes.
void SubmitCommand(const device::Mapping& page, uint32_t index) {
  device::Write32(page, device::kInterruptPending, 1);
  device::Write32(page, device::kSubmit, index);
}

TEST(Bridge, RaisesAnInterruptForEachCommandThoughClearingAndSubmittingAreSeenTogether) {
  PromptMachine machine;
  CountingLine line;
  const device::Mapping page = RegisterPage();
  Bridge bridge(machine, page, line);
  for (uint32_t index = 1; index <= 3; ++index) {
    SubmitCommand(page, index);
    bridge.Step();
    EXPECT_EQ(device::Read32(page, device::kCompletion), index);
    EXPECT_EQ(line.raised, int(index));
  }
}

}  // namespace
}  // namespace colonnade::rtl
