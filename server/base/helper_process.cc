// SPDX-License-Identifier: Apache-2.0
#include "server/base/helper_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

#include "absl/time/clock.h"
#include "server/base/frames.h"
#include "server/base/status.h"

namespace colonnade {
namespace {

constexpr absl::Duration kReapInterval = absl::Milliseconds(2);
constexpr absl::Duration kStandstill = absl::Seconds(2);  // inside a frame

// What the child is to be like, in the C library's own terms.
class SpawnPlan {
 public:
  SpawnPlan(int child_end, const std::vector<int>& shared) {
    ::posix_spawn_file_actions_init(&actions_);
    // Out of the way first: what is shared may have the number that another one is to get.
    std::vector<int> given = {child_end};
    given.insert(given.end(), shared.begin(), shared.end());
    const int first_spare = *std::max_element(given.begin(), given.end()) + kHelperDescriptor + int(given.size());
    for (size_t i = 0; i < given.size(); ++i) {
      ::posix_spawn_file_actions_adddup2(&actions_, given[i], first_spare + int(i));
    }
    for (size_t i = 0; i < given.size(); ++i) {
      ::posix_spawn_file_actions_adddup2(&actions_, first_spare + int(i), kHelperDescriptor + int(i));
    }
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kHelperDescriptor + int(given.size()));

    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  // 0 or the error's number.
  int Spawn(const std::string& program, const std::vector<std::string>& arguments, pid_t& pid) const {
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::string Reason(int error) { return std::generic_category().message(error); }

int Milliseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return -1;
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)));
  return int(std::clamp<int64_t>(milliseconds, 0, INT_MAX));
}

// Whether there is something to read, or the end.
bool WaitReadable(int descriptor, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, Milliseconds(deadline - absl::Now()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// A helper that stops inside a frame must not stop its parent.
bool LimitStandstill(int descriptor) {
  const timeval limit = absl::ToTimeval(kStandstill);
  return ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
         ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

std::string Describe(int status) {
  if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* name = ::sigdescr_np(signal);
  return fmt::format("signal {} ({})", signal, name ? name : "unknown");
}

// Waits until the child has ended, and leaves it to be reaped.
bool EndsWithin(pid_t pid, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    siginfo_t info{};
    const int found = ::waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (found == 0 && info.si_pid == pid) return true;
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kReapInterval);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<HelperProcess>> HelperProcess::Start(const std::string& program,
                                                                    const std::vector<std::string>& arguments,
                                                                    const std::vector<int>& shared) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ResourceExhaustedError(fmt::format("cannot start '{}': {}", program, Reason(errno)));
  }
  pid_t pid = -1;
  const int error = LimitStandstill(ends[0]) ? SpawnPlan(ends[1], shared).Spawn(program, arguments, pid) : errno;
  ::close(ends[1]);
  if (error == 0) return std::unique_ptr<HelperProcess>(new HelperProcess(pid, ends[0]));
  ::close(ends[0]);
  const std::string message = fmt::format("cannot run '{}': {}", program, Reason(error));
  if (error == EAGAIN || error == ENOMEM) return absl::ResourceExhaustedError(message);
  return absl::NotFoundError(message);
}

HelperProcess::~HelperProcess() {
  Kill();
  WaitForEnd(absl::ZeroDuration());
  ::close(descriptor_);
}

absl::Status HelperProcess::Send(std::string_view message) {
  const std::scoped_lock lock(sending_);
  return WriteFrame(descriptor_, message);
}

absl::StatusOr<std::string> HelperProcess::Receive(absl::Duration patience) {
  if (!WaitReadable(descriptor_, patience)) {
    return absl::DeadlineExceededError(fmt::format("no message within {}", absl::FormatDuration(patience)));
  }
  absl::StatusOr<std::string> frame = ReadFrame(descriptor_);
  // A helper that ended without reading everything resets the connection.
  if (absl::IsUnavailable(frame.status())) return absl::OutOfRangeError("end of stream");
  return frame;
}

void HelperProcess::Kill() {
  const std::scoped_lock lock(reaping_);
  if (!end_) ::kill(-pid_, SIGKILL);
}

std::string HelperProcess::WaitForEnd(absl::Duration patience) {
  if (!end_) EndsWithin(pid_, patience);
  Kill();
  const std::scoped_lock lock(reaping_);
  if (end_) return *end_;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  end_ = Describe(status);
  return *end_;
}

}  // namespace colonnade
