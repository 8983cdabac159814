// SPDX-License-Identifier: Apache-2.0
// Where the compact machine keeps the tensors of a program. A step reads one activation bank and
// writes, and reads residuals from, the other one. Private to server/machine.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/machine/compact_image.h"

namespace colonnade::machine {

// A tensor as it is read: `of` with only every `stride`-th pixel, `before` channels of zeros in front.
struct CompactView {
  int of = 0;
  int stride = 1;
  int before = 0;
};

// What a tensor is a view of: itself, if a step writes it. Refused: residual.
absl::StatusOr<CompactView> ViewOf(const array::ArrayProgram& program, int tensor);

// Whether a step only makes a view.
bool IsView(const array::Step& step);

// By tensor; views have none. A tensor takes the place of the residual that is added to it where that
// is read for the last time. Refused: positions, layer, when a step would read what it writes to.
absl::StatusOr<std::vector<std::optional<CompactPlace>>> PlaceCompact(const array::ArrayProgram& program);

}  // namespace colonnade::machine
