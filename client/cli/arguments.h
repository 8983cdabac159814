// SPDX-License-Identifier: Apache-2.0
// Values of flags. Errors are INVALID_ARGUMENT about the flag, with an example.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "colonnade/common.h"
#include "colonnade/datasets.h"
#include "colonnade/result.h"

namespace colonnade::cli {

// "MEAN[,MEAN...]/DEVIATION[,DEVIATION...]": as many means as deviations.
client::Result<client::Normalization> ParseNormalization(const std::string& text);

// Numbers with units, "2h", "1h30m", "500ms", "7d"; a bare number is seconds. Above 0.
client::Result<std::chrono::milliseconds> ParseDuration(const std::string& flag, const std::string& text);

// "train" or "evaluation".
client::Result<client::Role> ParseRole(const std::string& text);

}  // namespace colonnade::cli
