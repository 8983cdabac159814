// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end.
#pragma once

#include <string>
#include <vector>

namespace colonnade {

struct Outcome {
  int exit_code = -1;  // -1: ended by a signal
  std::string output, errors;
};

// words[0] is the program's path. Standard input is empty.
Outcome RunCommand(const std::vector<std::string>& words);

}  // namespace colonnade
