// SPDX-License-Identifier: Apache-2.0
#include "client/src/retry.h"

#include <algorithm>
#include <cmath>

namespace colonnade::client {
namespace {

using std::chrono::microseconds;

bool IsWorthRepeating(const FailedAttempt& failed) {
  return failed.code == Code::kUnavailable || (failed.code == Code::kResourceExhausted && failed.server_delay);
}

microseconds Backoff(const RetryOptions& options, const FailedAttempt& failed) {
  const double first = double(microseconds(options.first_delay).count());
  const double longest = double(microseconds(options.longest_delay).count());
  const double full = std::min(longest, std::ldexp(first, failed.attempts - 1));
  return microseconds(int64_t(full * (1 - failed.chance / 2)));
}

}  // namespace

std::optional<microseconds> DelayBeforeRetry(const RetryOptions& options, const FailedAttempt& failed) {
  if (!IsWorthRepeating(failed) || failed.attempts >= options.attempts) return std::nullopt;
  const microseconds delay = std::max(Backoff(options, failed), failed.server_delay.value_or(microseconds(0)));
  if (delay >= failed.deadline - failed.now) return std::nullopt;
  return delay;
}

}  // namespace colonnade::client
