// SPDX-License-Identifier: Apache-2.0
// For programs that measure: what must succeed.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"

namespace colonnade {

// The value, or the end of the program with the error on standard error and exit code 1.
template <typename T>
T Require(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fmt::print(stderr, "{}\n", value.status().ToString());
  std::exit(1);
}

}  // namespace colonnade
