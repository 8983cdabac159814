// SPDX-License-Identifier: Apache-2.0
// When a failed call is made again: a pure function, with clock and chance passed in.
#pragma once

#include <chrono>
#include <optional>

#include "colonnade/client.h"

namespace colonnade::client {

struct FailedAttempt {
  int attempts = 1;  // made so far, this one included
  Code code = Code::kOk;
  std::optional<std::chrono::microseconds> server_delay;  // what the server asked for
  Time now, deadline;                                     // of the whole call
  double chance = 0;                                      // uniform in [0, 1)
};

// Time to wait before the next attempt; nullopt: give up. Only UNAVAILABLE and a busy
// server are worth another attempt. The delay doubles with every attempt, less up to
// half of it by chance, so that clients which failed together do not return together;
// it is never shorter than the server asked for. No attempt starts after the deadline.
std::optional<std::chrono::microseconds> DelayBeforeRetry(const RetryOptions& options, const FailedAttempt& failed);

}  // namespace colonnade::client
