// SPDX-License-Identifier: Apache-2.0
// Which of the contract's settings this version carries out.
#pragma once

#include "absl/status/status.h"
#include "colonnade/v1/packing.pb.h"

namespace colonnade::recipe {

// REQUIRES: the recipe is resolved. UNIMPLEMENTED names the first field that asks for
// something this version does not do, and what to ask for instead: no setting is ever
// ignored. Checked when a job is submitted, and again by its worker.
absl::Status CheckSupported(const v1::Recipe& recipe);

}  // namespace colonnade::recipe
