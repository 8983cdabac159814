// SPDX-License-Identifier: Apache-2.0
#include "server/rtl/board/bridge.h"

#include "server/device/registers.h"

namespace colonnade::rtl {

using namespace device;  // NOLINT: the registers' names

namespace {

constexpr int kCyclesPerStep = 4096;

}  // namespace

Bridge::Bridge(HostedMachine& machine, const Mapping& page, InterruptLine& line)
    : machine_(machine), page_(page), line_(line) {
  PublishRegisters(kIdentification, kCommand);
  Publish();
}

bool Bridge::Step() {
  const bool written = Forward();
  machine_.Advance(kCyclesPerStep);
  Publish();
  PublishInterrupt();
  return written || device::Read32(page_, kStatus) & kBusy;
}

bool Bridge::Forward() {
  const uint32_t submit = device::Read32(page_, kSubmit);  // first: what it goes with is there then
  if (device::Read32(page_, kControl) & 1) {
    Reset();
    return true;
  }
  if (device::Read32(page_, kInterruptPending) & 1) {
    machine_.WriteRegister(kInterruptPending, 1);
    device::Write32(page_, kInterruptPending, 0);
    PublishInterrupt();  // it has fallen, though it may rise again before the next look
  }
  if (const uint32_t enable = device::Read32(page_, kInterruptEnable); enable != enabled_) {
    machine_.WriteRegister(kInterruptEnable, enable);
    enabled_ = enable;
  }
  if (submit == submitted_) return false;
  Submit(submit);
  return true;
}

void Bridge::Submit(uint32_t index) {
  for (uint32_t offset = kCommand; offset < kSubmit; offset += 4) {
    machine_.WriteRegister(offset, device::Read32(page_, offset));
  }
  machine_.WriteRegister(kSubmit, index);
  submitted_ = index;
}

void Bridge::Reset() {
  machine_.WriteRegister(kControl, 1);
  for (uint32_t offset = kCommand; offset <= kSubmit; offset += 4) device::Write32(page_, offset, 0);
  for (const uint32_t offset : {kInterruptEnable, kInterruptPending}) device::Write32(page_, offset, 0);
  submitted_ = enabled_ = 0;
  machine_.Advance(1);
  Publish();
  device::Write32(page_, kControl, 0);
}

void Bridge::Publish() {
  const uint32_t completion = machine_.ReadRegister(kCompletion);
  if (completion != completed_) {
    PublishRegisters(kError, kStatus);
    PublishRegisters(kSourceCrc, kHeartbeat);
  }
  PublishRegisters(kHeartbeat, kEndOfRegisters);
  PublishRegisters(kStatus, kInterruptEnable);
  device::Write32(page_, kCompletion, completion);
  completed_ = completion;
}

void Bridge::PublishRegisters(uint32_t begin, uint32_t end) {
  for (uint32_t offset = begin; offset < end; offset += 4) {
    device::Write32(page_, offset, machine_.ReadRegister(offset));
  }
}

void Bridge::PublishInterrupt() {
  const bool level = machine_.interrupt();
  if (level && !level_) line_.Raise();
  level_ = level;
}

}  // namespace colonnade::rtl
