// SPDX-License-Identifier: Apache-2.0
// The checksum of everything that goes to a device and comes from it.
#pragma once

#include <cstdint>
#include <span>

namespace colonnade::device {

// CRC-32 as zlib's, of the bytes in this order.
uint32_t Crc32(std::span<const uint8_t> bytes);

}  // namespace colonnade::device
