// SPDX-License-Identifier: Apache-2.0
// A Colonnade device as its driver sees it: 32-bit registers (registers.h), one buffer that
// both can reach, an interrupt. The transports implement it: uio_device.h for hardware under
// Linux, private_board.h for a simulated board of one's own.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace colonnade::device {

// Memory that the device reads and writes by itself.
struct DmaBuffer {
  std::span<uint8_t> bytes;  // belongs to the device
  uint64_t address = 0;      // of its first byte, as the device has it
};

// For one thread at a time. Whoever holds one is the only user of the device.
class Device {
 public:
  virtual ~Device() = default;

  // For messages: "uio0", "colonnade-board".
  virtual std::string name() const = 0;

  // REQUIRES: offset is a register of registers.h. A device that is gone answers with
  // anything; WaitForInterrupt() notices.
  virtual uint32_t Read32(uint32_t offset) const = 0;
  virtual void Write32(uint32_t offset, uint32_t value) = 0;

  // The same as long as the device lives.
  virtual DmaBuffer buffer() = 0;
  // What the host wrote to these bytes of the buffer can be read by the device, and the other
  // way round. REQUIRES: the bytes are in the buffer.
  virtual absl::Status SyncForDevice(size_t begin, size_t bytes) = 0;
  virtual absl::Status SyncForHost(size_t begin, size_t bytes) = 0;

  // Forgets interrupts that came, and lets the next one come. Before each command.
  virtual absl::Status ArmInterrupt() = 0;
  // Whether one came since, waiting `patience` for it. UNAVAILABLE when the device is gone.
  virtual absl::StatusOr<bool> WaitForInterrupt(absl::Duration patience) = 0;

  // Asks the device to reset itself (CONTROL), and does not wait for it.
  void Reset() { Write32(0, 1); }
};

}  // namespace colonnade::device
