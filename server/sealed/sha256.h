// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes that come in pieces. Of bytes at hand: Sha256Hex (key.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace colonnade::sealed {

// Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void Append(std::string_view data);
  // 32 bytes over everything appended; nothing may be appended or finished after it.
  std::string Finish();
  // The same as lower-case hexadecimal.
  std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colonnade::sealed
