// SPDX-License-Identifier: Apache-2.0
// A device behind Linux's UIO (registers and interrupt) and u-dma-buf (the buffer):
//
//   SYS/class/uio/UIO/maps/map0/{addr,size}     where the registers are, and how many bytes
//   DEV/UIO                                     mapped: the registers. Read: blocks until an
//                                               interrupt, gives 4 bytes. Written: 1 enables it
//   SYS/class/u-dma-buf/BUFFER/{phys_addr,size,dma_coherent,sync_*}   of the buffer
//   DEV/BUFFER                                  mapped: the buffer
//
// The two roots are options, so that a simulated board can offer the same files in a folder of
// its own (colonnade-board --folder); there the interrupt is a file beside the registers, since
// no ordinary file can be both mapped and waited for. docs/fpga.md has the hardware's side.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/device/device.h"

namespace colonnade::device {

struct UioOptions {
  std::string sys_root = "/sys";
  std::string dev_root = "/dev";
  std::string uio = "uio0";
  std::string buffer = "udmabuf0";
  std::string interrupt;  // another file of dev_root than `uio` to read interrupts from

  friend bool operator==(const UioOptions&, const UioOptions&) = default;
};

// The files of a board in a folder.
UioOptions BoardFolder(const std::string& folder);

// "uio:UIO:BUFFER" such as "uio:uio0:udmabuf0", or "board:FOLDER". INVALID_ARGUMENT for
// anything else.
absl::StatusOr<UioOptions> ParseDevice(std::string_view text);

// Takes the device for this process. UNAVAILABLE when another one has it; else an error names
// the file, and what is wrong with it.
absl::StatusOr<std::unique_ptr<Device>> OpenUio(const UioOptions& options);

}  // namespace colonnade::device
