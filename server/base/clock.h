// SPDX-License-Identifier: Apache-2.0
// The time of day, passed in so that tests can set it.
#pragma once

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace colonnade {

using Clock = std::function<absl::Time()>;

inline Clock SystemClock() { return [] { return absl::Now(); }; }

}  // namespace colonnade
