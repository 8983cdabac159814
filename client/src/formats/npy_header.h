// SPDX-License-Identifier: Apache-2.0
// The header of a NumPy array file: "\x93NUMPY", version 1 to 3, the length of the
// text, and the text of a Python dictionary with the keys descr, fortran_order and
// shape, in any order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/src/formats/byte_stream.h"

namespace colonnade::client {

inline constexpr uint8_t kNpyMagic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

struct NpyType {
  char kind = 0;  // as NumPy's: 'u' unsigned, 'i' signed, 'f' float, ...
  int bytes = 0;  // 1, 2, 4 or 8
  bool big_endian = false;
};

// An array in C order; its values follow in the stream.
struct NpyHeader {
  std::string descr;  // as written, such as "|u1"
  NpyType type;
  std::vector<int64_t> shape;  // each at least 0
};

// INVALID_ARGUMENT for other files, Fortran order and types that are no plain numbers.
Result<NpyHeader> ReadNpyHeader(ByteStream& stream);

// "[5, 28, 28]".
std::string ShapeText(const std::vector<int64_t>& shape);

}  // namespace colonnade::client
