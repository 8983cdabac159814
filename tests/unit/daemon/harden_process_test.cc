// SPDX-License-Identifier: Apache-2.0
#include "server/harden_process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "server/base/helper_process.h"

namespace colonnade {
namespace {

bool LeavesNoCore() {
  rlimit limit = {};
  return ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool SurvivesAClosedPipe() {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  ::close(ends[0]);
  return ::write(ends[1], "x", 1) == -1 && errno == EPIPE;
}

std::string EndOf(const char* script) {
  return (*HelperProcess::Start("/bin/sh", {"-c", script}))->WaitForEnd(absl::Seconds(20));
}

// Each in a process of its own, which it changes for good.
TEST(HardenProcess, LeavesNoCore) {
  EXPECT_EXIT(std::exit(HardenProcess().ok() && LeavesNoCore() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(HardenProcess, SurvivesAClosedPipe) {
  EXPECT_EXIT(std::exit(HardenProcess().ok() && SurvivesAClosedPipe() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(HardenProcess, HelpersEndWithAClosedPipeAndLeaveNoCore) {
  EXPECT_EXIT(
      {
        const bool hardened = HardenProcess().ok();
        const bool piped = EndOf("kill -PIPE $$; exit 0") == "signal 13 (Broken pipe)";
        std::exit(hardened && piped && EndOf("[ $(ulimit -H -c) = 0 ]") == "exit code 0" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace colonnade
