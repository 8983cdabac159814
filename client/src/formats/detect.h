// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "colonnade/formats.h"

namespace colonnade::client {

// What `path` holds, never kAuto. INVALID_ARGUMENT when no format fits.
Result<Format> DetectFormat(const std::string& path);

}  // namespace colonnade::client
