// SPDX-License-Identifier: Apache-2.0
// How the program ends.
#pragma once

#include "colonnade/result.h"

namespace colonnade::cli {

enum ExitCode {
  kOk = 0,
  kFailed = 1,        // anything else, and a job that failed or was cancelled
  kUsage = 2,         // wrong command line, or an argument the server refuses
  kModelRefused = 3,  // the model is malformed or cannot be packed
  kNotFound = 4,
  kNotAllowed = 5,   // no permission, over the data budget, or against a rule in the present state
  kUnavailable = 6,  // no server, a busy one, or no answer in time
};

// From code and details alone, never from the message.
ExitCode ExitCodeOf(const client::Status& status);

}  // namespace colonnade::cli
