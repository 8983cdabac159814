// SPDX-License-Identifier: Apache-2.0
// colonnade-worker: carries out one packing job for the daemon, on descriptor 3. In: one
// Start, then perhaps a Cancel. Out: events, then one Finished, whether the job
// succeeded or not.
//
// On a Cancel, and when the daemon is gone, it ends without a Finished: within one training
// step as a rule, and after a grace period in any case.
//
// Exit codes: 0 Finished was sent, 1 it could not be sent, 2 there was no Start (also when
// run by hand), 3 stopped.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>

#include "colonnade/worker/v1/worker.pb.h"
#include "server/base/frames.h"
#include "server/base/status.h"
#include "server/pipeline/worker_job.h"

namespace colonnade {
namespace {

using worker::v1::FromWorker;
using worker::v1::ToWorker;

enum ExitCode { kFinished = 0, kFailed = 1, kUsage = 2, kStopped = 3 };

constexpr std::chrono::seconds kGrace{2};

// LibTorch's threads must sleep, not spin, while they wait for each other: on busy cores spinning
// makes training several times as long (docs/adr/0003-onednn-in-the-worker.md). The OpenMP
// library reads this when it is loaded, hence the new start; a failed one changes nothing else.
void WaitPassively(char** argv) {
  constexpr char kPolicy[] = "OMP_WAIT_POLICY";
  if (::getenv(kPolicy) != nullptr || ::setenv(kPolicy, "passive", 1) != 0) return;
  ::execv("/proc/self/exe", argv);
}

// Keys and records must not reach the disk by way of a core dump, nor another process of
// the same user by way of a debugger.
bool KeepMemoryPrivate() {
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

// Turns the first message after Start, or the end of the stream, into a stop request; ends the
// process when that takes too long.
class Listener {
 public:
  Listener() : thread_([this] { Listen(); }) {}
  ~Listener() {
    ended_.release();
    ::shutdown(kHelperDescriptor, SHUT_RD);
  }

  std::stop_token stop() const { return stop_.get_token(); }

 private:
  void Listen() {
    (void)ReadFrame(kHelperDescriptor);
    stop_.request_stop();
    if (!ended_.try_acquire_for(kGrace)) ::_exit(kStopped);
  }

  std::stop_source stop_;
  std::binary_semaphore ended_{0};
  std::jthread thread_;
};

ExitCode Usage() {
  std::fputs("usage: colonnade-worker, without arguments; colonnaded starts it and speaks to it on descriptor 3\n",
             stderr);
  return kUsage;
}

bool SendMessage(const FromWorker& message) {
  return WriteFrame(kHelperDescriptor, message.SerializeAsString()).ok();
}

ExitCode Work(const worker::v1::Start& start) {
  const Listener listener;
  const auto send_event = [](const v1::JobEvent& event) {
    FromWorker message;
    *message.mutable_event() = event;
    SendMessage(message);  // when it fails the daemon is gone, as the listener notices
  };
  FromWorker message;
  *message.mutable_finished() = pipeline::RunWorkerJob(start, send_event, listener.stop());
  if (listener.stop().stop_requested()) return kStopped;
  return SendMessage(message) ? kFinished : kFailed;
}

ExitCode Serve() {
  if (!KeepMemoryPrivate()) {
    std::fputs("colonnade-worker: cannot forbid core dumps\n", stderr);
    return kFailed;
  }
  const absl::StatusOr<std::string> frame = ReadFrame(kHelperDescriptor);
  ToWorker message;
  if (!frame.ok() || !message.ParseFromString(*frame) || !message.has_start()) return Usage();
  return Work(message.start());
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  if (argc != 1) return colonnade::Usage();
  colonnade::WaitPassively(argv);
  return colonnade::Serve();
}
