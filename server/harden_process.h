// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace colonnade {

// For a process that holds keys and plain records: it leaves no core file, other processes
// of its user cannot look into its memory, and a pipe that nobody reads does not end it.
// Helpers inherit that they leave no core file, and nothing else. INTERNAL when the system
// refuses.
absl::Status HardenProcess();

}  // namespace colonnade
