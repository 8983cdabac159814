// SPDX-License-Identifier: Apache-2.0
// One command from its registers to its completion.
#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/device/driver.h"
#include "server/device/registers.h"

namespace colonnade::device {
namespace {

std::string_view NameOf(uint32_t command) {
  if (command == kClear) return "clear";
  return command == kLoad ? "load" : "run";
}

void WriteAddress(Device& device, uint32_t offset, size_t begin, size_t bytes) {
  const uint64_t address = device.buffer().address + begin;
  device.Write32(offset, uint32_t(address));
  device.Write32(offset + 4, uint32_t(address >> 32));
  device.Write32(offset + 8, uint32_t(bytes));
}

}  // namespace

std::span<uint8_t> Driver::Bytes(Range range) { return device_->buffer().bytes.subspan(range.begin, range.bytes); }

absl::Status Driver::Execute(uint32_t command, Range source, Range target, uint32_t crc) {
  if (source.bytes > 0) COLONNADE_RETURN_IF_ERROR(device_->SyncForDevice(source.begin, source.bytes));
  device_->Write32(kInterruptPending, 1);
  COLONNADE_RETURN_IF_ERROR(device_->ArmInterrupt());
  device_->Write32(kCommand, command);
  WriteAddress(*device_, kSourceLow, source.begin, source.bytes);
  WriteAddress(*device_, kTargetLow, target.begin, target.bytes);
  device_->Write32(kExpectedCrc, crc);
  device_->Write32(kSubmit, completion_ + 1);
  const absl::Status status = AwaitCompletion();
  if (!status.ok()) return Annotate(status, NameOf(command));
  return CheckError(command);
}

absl::Status Driver::AwaitCompletion() {
  const absl::Time deadline = options_.clock() + options_.patience;
  for (;;) {
    COLONNADE_ASSIGN_OR_RETURN(const bool came, device_->WaitForInterrupt(options_.interval));
    const uint32_t completion = device_->Read32(kCompletion);
    if (completion == completion_ + 1) {
      if (!came) ++events_.lost_interrupts;
      ++completion_;
      return absl::OkStatus();
    }
    if (completion != completion_) {
      return absl::AbortedError(fmt::format("was reset meanwhile: of command {} it says that the last to end was {}",
                                            completion_ + 1, completion));
    }
    if (options_.clock() >= deadline) {
      return absl::DeadlineExceededError(
          fmt::format("did not end within {}", absl::FormatDuration(options_.patience)));
    }
  }
}

absl::Status Driver::CheckError(uint32_t command) const {
  const uint32_t error = device_->Read32(kError);
  if (error == kNoError) return absl::OkStatus();
  if (error == kBadCrc) return absl::DataLossError("the program arrived changed");
  if (error == kNotClear) return absl::AbortedError("load: its memories are not clear");
  if (error == kNoProgram) return absl::AbortedError("run: its program is gone");
  if (error == kBusError) return absl::AbortedError(fmt::format("{}: its bus answered with an error", NameOf(command)));
  return absl::InternalError(fmt::format("{} was refused with error {}", NameOf(command), error));
}

absl::Status Driver::CompareCrc(std::string_view what, uint32_t found, uint32_t expected) const {
  if (found == expected) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("the {} changed on its way: checksum {:08x} here, {:08x} there", what, expected, found));
}

}  // namespace colonnade::device
