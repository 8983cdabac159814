// SPDX-License-Identifier: Apache-2.0
// Wakes those who wait for new events.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "absl/time/time.h"

namespace colonnade::jobs {

// Thread-safe.
class NewsBoard {
 public:
  // To be read before looking for events, and passed to Wait() when there were none.
  uint64_t edition() const {
    const std::lock_guard lock(mutex_);
    return edition_;
  }

  void Publish() {
    const std::lock_guard lock(mutex_);
    ++edition_;
    news_.notify_all();
  }

  // Until something newer than `seen` is published, or `patience` is over.
  void Wait(uint64_t seen, absl::Duration patience) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, absl::ToChronoNanoseconds(patience), [&] { return edition_ != seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  uint64_t edition_ = 0;
};

}  // namespace colonnade::jobs
