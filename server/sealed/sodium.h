// SPDX-License-Identifier: Apache-2.0
// Inside this folder only: libsodium, ready for use, and its types.
#pragma once

#include <sodium.h>

#include <string>
#include <string_view>

namespace colonnade::sealed {

// Must come before anything random; thread-safe, and free after the first call.
void PrepareSodium();

inline const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
inline unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string Hexadecimal(std::string_view bytes);  // lower case

}  // namespace colonnade::sealed
