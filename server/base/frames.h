// SPDX-License-Identifier: Apache-2.0
// Length-prefixed frames over a stream descriptor: 4 bytes little-endian length,
// then that many bytes. How the daemon and its helpers exchange messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade {

inline constexpr uint32_t kMaxFrameBytes = 16 * 1024 * 1024;
inline constexpr int kHelperDescriptor = 3;  // the helper's end of the socket pair

// Writes one frame, blocking until all of it is taken. INVALID_ARGUMENT when the
// payload exceeds kMaxFrameBytes, UNAVAILABLE when the other end is gone (never
// SIGPIPE) or takes nothing for as long as the descriptor waits (SO_SNDTIMEO). Not for
// concurrent writers on one descriptor.
absl::Status WriteFrame(int descriptor, std::string_view payload);

// Reads one frame, blocking. OUT_OF_RANGE at a clean end of the stream,
// DATA_LOSS when it ends inside a frame, stops there for longer than the descriptor waits
// (SO_RCVTIMEO), or announces more than kMaxFrameBytes.
absl::StatusOr<std::string> ReadFrame(int descriptor);

}  // namespace colonnade
