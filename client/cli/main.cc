// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "client/cli/app.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const bool err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  return colonnade::cli::Run(argc, argv, {.out = std::cout, .err = std::cerr, .err_is_terminal = err_is_terminal});
}
