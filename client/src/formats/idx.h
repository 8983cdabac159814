// SPDX-License-Identifier: Apache-2.0
// The IDX format of MNIST: two zero bytes, 8 (unsigned bytes), the number of
// dimensions, the dimensions as 32-bit big-endian numbers, then the values.
#pragma once

#include <cstdint>

#include "client/src/formats/byte_stream.h"

namespace colonnade::client {

struct IdxHeader {
  // The number of dimensions.
  enum Kind { kLabels = 1, kImages = 3 };

  int64_t count = 0;              // 1 to 10^8
  int64_t height = 0, width = 0;  // of images; not checked otherwise
};

// Reads the header of a file that should hold `kind`.
Result<IdxHeader> ReadIdxHeader(ByteStream& stream, IdxHeader::Kind kind);

}  // namespace colonnade::client
