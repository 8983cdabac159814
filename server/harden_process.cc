// SPDX-License-Identifier: Apache-2.0
#include "server/harden_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace colonnade {

absl::Status HardenProcess() {
  constexpr rlimit kNone = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &kNone) == 0 && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
      ::signal(SIGPIPE, SIG_IGN) != SIG_ERR) {
    return absl::OkStatus();
  }
  return absl::InternalError(fmt::format("the process cannot be hardened: {}", std::strerror(errno)));
}

}  // namespace colonnade
