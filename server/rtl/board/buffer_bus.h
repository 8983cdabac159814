// SPDX-License-Identifier: Apache-2.0
// The board's buffer as the machine's bus: it begins at kBoardBufferAddress.
#pragma once

#include <bit>
#include <cstring>
#include <span>

#include "server/device/registers.h"
#include "server/rtl/board/hosted_machine.h"

namespace colonnade::rtl {

// The bytes belong to somebody else.
class BufferBus final : public Bus {
 public:
  explicit BufferBus(std::span<uint8_t> bytes) : bytes_(bytes) {}

  std::optional<uint64_t> Read(uint64_t address) override {
    uint8_t* const at = Find(address);
    if (at == nullptr) return std::nullopt;
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
  }

  bool Write(uint64_t address, uint64_t word, uint8_t strobes) override {
    uint8_t* const at = Find(address);
    if (at == nullptr) return false;
    for (int byte = 0; byte < 8; ++byte) {
      if (strobes >> byte & 1) at[byte] = static_cast<uint8_t>(word >> (8 * byte));
    }
    return true;
  }

 private:
  static_assert(std::endian::native == std::endian::little);

  uint8_t* Find(uint64_t address) const {
    const uint64_t offset = address - device::kBoardBufferAddress;
    const bool inside = address >= device::kBoardBufferAddress && offset + 8 <= bytes_.size();
    return inside && address % 8 == 0 ? bytes_.data() + offset : nullptr;
  }

  const std::span<uint8_t> bytes_;
};

}  // namespace colonnade::rtl
