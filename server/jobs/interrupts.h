// SPDX-License-Identifier: Apache-2.0
// How to reach the jobs that are running.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "server/jobs/worker_run.h"

namespace colonnade::jobs {

// Thread-safe.
class Interrupts {
 public:
  using Flag = std::shared_ptr<std::atomic<Interrupt>>;

  // A job begins to run; after Shutdown() its flag is up from the start.
  Flag Enter(const std::string& job) {
    const std::lock_guard lock(mutex_);
    return flags_[job] = std::make_shared<std::atomic<Interrupt>>(stopping_ ? Interrupt::kShutdown : Interrupt::kNone);
  }

  void Leave(const std::string& job) {
    const std::lock_guard lock(mutex_);
    flags_.erase(job);
  }

  // Does nothing when the job is not running, or was told something else before.
  void Signal(const std::string& job, Interrupt why) {
    const std::lock_guard lock(mutex_);
    if (const auto found = flags_.find(job); found != flags_.end()) Raise(*found->second, why);
  }

  // The daemon stops: all that run, and all that would.
  void Shutdown() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [job, flag] : flags_) Raise(*flag, Interrupt::kShutdown);
  }

 private:
  static void Raise(std::atomic<Interrupt>& flag, Interrupt why) {
    Interrupt none = Interrupt::kNone;
    flag.compare_exchange_strong(none, why);
  }

  std::mutex mutex_;
  bool stopping_ = false;
  std::map<std::string, Flag> flags_;
};

}  // namespace colonnade::jobs
