// SPDX-License-Identifier: Apache-2.0
// A helper program as its parent sees it: a child process and one end of a socket pair
// whose other end is the child's descriptor 3 (frames.h).
//
// The kernel closes the parent's end when the parent dies, however it dies. A helper
// must therefore end when it reads the end of descriptor 3, and read it all the time.
// (PR_SET_PDEATHSIG would not do: it fires when the thread that started the helper ends,
// and the parent may well start it from one of many.)
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace colonnade {

// Send() and Kill() may be called from any thread; the rest from one at a time.
class HelperProcess {
 public:
  // Starts `program` with no descriptors but 0 (null), 1 and 2 (both the parent's standard
  // error), 3, and duplicates of `shared`, which are 4 and up there; no signals blocked or
  // ignored, in a process group of its own. NOT_FOUND when the program cannot be run.
  static absl::StatusOr<std::unique_ptr<HelperProcess>> Start(const std::string& program,
                                                              const std::vector<std::string>& arguments = {},
                                                              const std::vector<int>& shared = {});
  // Kills it, if it still runs, and reaps it.
  ~HelperProcess();

  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  // Blocks while the helper does not read. UNAVAILABLE when it is gone, or takes nothing for
  // two seconds with the way to it full; then only Kill() is left.
  absl::Status Send(std::string_view message);

  // The next frame. DEADLINE_EXCEEDED when none begins within `patience`, OUT_OF_RANGE when
  // the helper has closed its end, DATA_LOSS when it died within a frame or stopped there for
  // two seconds.
  absl::StatusOr<std::string> Receive(absl::Duration patience);

  // SIGKILL to the whole group. Without effect once it has been reaped.
  void Kill();

  // How it ended, in words: "exit code 1", "signal 9 (Killed)". Kills it when it takes
  // longer, and what is left of its group in any case.
  std::string WaitForEnd(absl::Duration patience);

  pid_t pid() const { return pid_; }

 private:
  HelperProcess(pid_t pid, int descriptor) : pid_(pid), descriptor_(descriptor) {}

  const pid_t pid_;
  const int descriptor_;
  std::mutex sending_;
  std::mutex reaping_;  // guards end_: a number that is free again must not be signalled
  std::optional<std::string> end_;
};

}  // namespace colonnade
