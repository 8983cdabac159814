// SPDX-License-Identifier: Apache-2.0
// How interrupts leave the board, and how it learns that nobody is left to serve.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade::rtl {

class InterruptLine {
 public:
  virtual ~InterruptLine() = default;

  // The board can be used; or it cannot, and why.
  virtual void Announce(const absl::Status& status) = 0;
  // The machine's interrupt has risen.
  virtual void Raise() = 0;
  // To be called often. False when the board has no more use.
  virtual bool Attend() = 0;
};

// Messages over descriptor 3 to the process that started the board (device/private_board.h);
// no more use when that one has closed its end.
std::unique_ptr<InterruptLine> MessagesToParent();

// A pseudo terminal that behaves as a UIO node does: an interrupt gives 4 bytes to read, the
// number of interrupts so far, and the next one waits until a 1 was written. `path` becomes a
// link to it. No more use when the link is gone.
absl::StatusOr<std::unique_ptr<InterruptLine>> PseudoUio(const std::string& path);

}  // namespace colonnade::rtl
