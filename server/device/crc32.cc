// SPDX-License-Identifier: Apache-2.0
#include "server/device/crc32.h"

#include <zlib.h>

namespace colonnade::device {

uint32_t Crc32(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace colonnade::device
