// SPDX-License-Identifier: Apache-2.0
#include "server/sealed/sodium.h"

#include <cstdlib>

namespace colonnade::sealed {

void PrepareSodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();  // the system has no source of randomness
}

std::string Hexadecimal(std::string_view bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), Bytes(bytes), bytes.size());
  text.pop_back();
  return text;
}

}  // namespace colonnade::sealed
