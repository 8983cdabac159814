// SPDX-License-Identifier: Apache-2.0
// The command line as a whole.
#pragma once

#include "client/cli/session.h"

namespace colonnade::cli {

// Parses and runs one command line. Reads COLONNADE_SERVER, COLONNADE_TENANT and
// COLONNADE_TOKEN. Returns the exit code.
int Run(int argc, const char* const* argv, const Terminal& terminal);

}  // namespace colonnade::cli
