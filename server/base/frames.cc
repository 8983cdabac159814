// SPDX-License-Identifier: Apache-2.0
#include "server/base/frames.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade {
namespace {

absl::Status WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return absl::UnavailableError("writing a frame: the other end does not read");
    if (n < 0) return absl::UnavailableError(fmt::format("writing a frame: {}", std::strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Reads until `size` bytes or the end of the stream; returns the bytes read.
absl::StatusOr<size_t> ReadUpTo(int descriptor, char* data, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(descriptor, data + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return absl::DataLossError("the other end stopped inside a frame");
    if (n < 0) return absl::UnavailableError(fmt::format("reading a frame: {}", std::strerror(errno)));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

}  // namespace

absl::Status WriteFrame(int descriptor, std::string_view payload) {
  if (payload.size() > kMaxFrameBytes) {
    return absl::InvalidArgumentError(
        fmt::format("frame of {} bytes; at most {}", payload.size(), kMaxFrameBytes));
  }
  const auto size = static_cast<uint32_t>(payload.size());
  std::array<char, 4> header;
  for (int i = 0; i < 4; ++i) header[i] = static_cast<char>(size >> (8 * i));
  COLONNADE_RETURN_IF_ERROR(WriteAll(descriptor, {header.data(), header.size()}));
  return WriteAll(descriptor, payload);
}

absl::StatusOr<std::string> ReadFrame(int descriptor) {
  std::array<char, 4> header;
  COLONNADE_ASSIGN_OR_RETURN(size_t got, ReadUpTo(descriptor, header.data(), header.size()));
  if (got == 0) return absl::OutOfRangeError("end of stream");
  if (got < header.size()) return absl::DataLossError("stream ends inside a frame header");
  uint32_t size = 0;
  for (int i = 0; i < 4; ++i) size |= uint32_t{static_cast<unsigned char>(header[i])} << (8 * i);
  if (size > kMaxFrameBytes) {
    return absl::DataLossError(fmt::format("frame announces {} bytes; at most {}", size, kMaxFrameBytes));
  }
  std::string payload(size, '\0');
  COLONNADE_ASSIGN_OR_RETURN(got, ReadUpTo(descriptor, payload.data(), size));
  if (got < size) return absl::DataLossError("stream ends inside a frame");
  return payload;
}

}  // namespace colonnade
