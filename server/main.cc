// SPDX-License-Identifier: Apache-2.0
// colonnaded: settings, start, wait for a signal, stop.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "server/base/status.h"
#include "server/config.h"
#include "server/daemon.h"
#include "server/harden_process.h"

namespace colonnade {
namespace {

enum ExitCode { kStopped = 0, kFailed = 1, kUsage = 2 };

constexpr absl::Duration kPatience = absl::Seconds(10);

int Complain(const absl::Status& status, ExitCode code) {
  fmt::print(stderr, "colonnaded: {}\n", Message(status));
  return code;
}

void LogToStderr(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("colonnaded"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  spdlog::set_level(spdlog::level::from_str(level));
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// From the first signal on, a second one ends the process as it would any other.
int WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal;
}

int Run(const Config& config) {
  LogToStderr(config.log_level);
  ::umask(0077);
  if (const absl::Status status = HardenProcess(); !status.ok()) return Complain(status, kFailed);
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads: only main waits for them
  auto daemon = Daemon::Start(config);
  if (!daemon.ok()) return Complain(daemon.status(), kFailed);
  fmt::print("listening on {}\n", fmt::join((*daemon)->addresses(), ", "));
  std::fflush(stdout);
  const int signal = WaitForSignal(signals);
  spdlog::info("stopping on signal {}", signal);
  (*daemon)->Stop(kPatience);
  return kStopped;
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  const auto invocation = colonnade::LoadConfig(argc, argv, [](const char* name) { return std::getenv(name); });
  if (!invocation.ok()) return colonnade::Complain(invocation.status(), colonnade::kUsage);
  if (invocation->text.empty()) return colonnade::Run(invocation->config);
  fmt::print("{}", invocation->text);
  return colonnade::kStopped;
}
