// SPDX-License-Identifier: Apache-2.0
// Between a register page in shared memory and a machine's registers.
//
// The page looks like the register block (device/registers.h), and since no register has side
// effects when it is read, memory can stand for it: the client's reads and writes are loads and
// stores. The bridge carries what the client has written to the machine, in the order in which
// it matters, and what the machine says to the page, the completion index last. Two registers
// are special: CONTROL reads 1 until the reset has taken place, and INTERRUPT_PENDING always
// reads 0 once the bridge has seen what was written to it. Writes to registers that can only be
// read change the page until the machine's next word on them; drivers have no reason to.
#pragma once

#include "server/device/mapping.h"
#include "server/rtl/board/hosted_machine.h"
#include "server/rtl/board/interrupt_line.h"

namespace colonnade::rtl {

class Bridge {
 public:
  // All outlive the bridge.
  Bridge(HostedMachine& machine, const device::Mapping& page, InterruptLine& line);

  // Carries over what was written, lets the machine work, publishes what it has to say. Whether
  // there was anything to do.
  bool Step();

 private:
  bool Forward();
  void Submit(uint32_t index);
  void Reset();
  void Publish();
  void PublishRegisters(uint32_t begin, uint32_t end);
  void PublishInterrupt();

  HostedMachine& machine_;
  const device::Mapping& page_;
  InterruptLine& line_;
  uint32_t submitted_ = 0, completed_ = 0, enabled_ = 0;
  bool level_ = false;
};

}  // namespace colonnade::rtl
