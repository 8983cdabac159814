// SPDX-License-Identifier: Apache-2.0
// A simulated board of one's own: a colonnade-board process that shares two anonymous files with
// this one, the register page and the buffer, and sends a message per interrupt. Nothing of it
// has a name in the file system, and it ends when the device is destroyed or this process dies.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/device/device.h"

namespace colonnade::device {

struct PrivateBoardOptions {
  std::string program;                 // path of colonnade-board
  std::vector<std::string> arguments;  // such as {"--array", "16x18a8"}
  size_t buffer_bytes = size_t{8} << 20;
  absl::Duration patience = absl::Seconds(30);  // until it says that it is ready
};

// NOT_FOUND when the program cannot be run, FAILED_PRECONDITION with the board's own words when
// it will not do what the arguments ask, UNAVAILABLE when it ends or says nothing.
absl::StatusOr<std::unique_ptr<Device>> StartPrivateBoard(const PrivateBoardOptions& options);

// What the board says first: this, or why it cannot be used.
inline constexpr char kBoardIsReady[] = "ready";
// And then for each interrupt.
inline constexpr char kInterrupt[] = "interrupt";

}  // namespace colonnade::device
