// SPDX-License-Identifier: Apache-2.0
#include "server/base/gate.h"

#include <fmt/format.h>

#include "server/base/error_details.h"

namespace colonnade {
namespace {

constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

}  // namespace

absl::StatusOr<Gate::Pass> Gate::Enter() {
  std::lock_guard lock(mutex_);
  if (!open_) return absl::UnavailableError("the server is shutting down");
  if (inside_ >= limit_) {
    return WithRetry(absl::ResourceExhaustedError(fmt::format("{} {} are running, the most allowed", inside_, what_)),
                     kRetryDelay);
  }
  ++inside_;
  return Pass(this);
}

void Gate::Close() {
  std::lock_guard lock(mutex_);
  open_ = false;
}

bool Gate::Drain(absl::Duration patience) {
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, absl::ToChronoMilliseconds(patience), [this] { return inside_ == 0; });
}

bool Gate::is_open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

int Gate::inside() const {
  std::lock_guard lock(mutex_);
  return inside_;
}

void Gate::Leave() {
  std::lock_guard lock(mutex_);
  if (--inside_ == 0) left_.notify_all();
}

}  // namespace colonnade
