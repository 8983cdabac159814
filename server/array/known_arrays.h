// SPDX-License-Identifier: Apache-2.0
// Array configurations that have a name, and why each is the way it is.
#pragma once

#include <span>
#include <string_view>

#include "server/array/array_config.h"

namespace colonnade::array {

struct KnownArray {
  std::string_view name;  // lower-case words; ParseArrayConfig() takes it, too
  ArrayConfig config;
  std::string_view reason;
};

// The first is the default of jobs.
std::span<const KnownArray> KnownArrays();

}  // namespace colonnade::array
