// SPDX-License-Identifier: Apache-2.0
// The UCI handwritten digits: 1,797 images of 8x8 in 17 shades, as packaged with
// scikit-learn, and how they are split here (README.md).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/training/samples.h"

namespace colonnade {

inline constexpr int64_t kDigits = 1797;
inline constexpr int64_t kDigitsTrain = 1297;    // the dense network's; the others are held out
inline constexpr int64_t kDigitsPacking = 179;   // the first of these: what a packing job may see

// All digits in the fixed order: place p holds line (p * 1009) mod 1797 of the file.
// Pixels 0 to 16 become 0 to 255, rounded. `path` is digits.csv.gz: 64 pixels and the
// label per line. DATA_LOSS names the line that is not so.
absl::StatusOr<training::Samples> ReadDigits(const std::string& path);

// The digits at places begin to end - 1 of the fixed order.
training::Samples DigitRange(const training::Samples& digits, int64_t begin, int64_t end);

}  // namespace colonnade
