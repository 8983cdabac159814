// SPDX-License-Identifier: Apache-2.0
// Memory shared with a device or another process.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace colonnade::device {

// Unmaps what it holds. Movable.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  // `bytes` of the file behind the descriptor, which may be closed afterwards; shared, to read
  // and write. `path` is for messages.
  static absl::StatusOr<Mapping> Of(int descriptor, size_t bytes, const std::string& path);

  std::span<uint8_t> bytes() const { return bytes_; }

 private:
  std::span<uint8_t> bytes_;
};

// A register in mapped memory. What was written before a Write32() is seen by whoever sees its
// value with Read32().
uint32_t Read32(const Mapping& registers, uint32_t offset);
void Write32(const Mapping& registers, uint32_t offset, uint32_t value);

}  // namespace colonnade::device
