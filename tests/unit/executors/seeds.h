// SPDX-License-Identifier: Apache-2.0
// How many random programs executors are compared on.
#pragma once

#include <cstdint>

namespace colonnade {

inline constexpr uint64_t kFewSeeds = 300;

// Sanitizers make each ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr uint64_t kManySeeds = kFewSeeds;
#else
inline constexpr uint64_t kManySeeds = 10'000;
#endif

}  // namespace colonnade
