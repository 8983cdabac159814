// SPDX-License-Identifier: Apache-2.0
// Plain types that several calls share. Sizes are bytes, times UTC, accuracies and
// fractions 0 to 1.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace colonnade::client {

using Time = std::chrono::system_clock::time_point;

// One image, or one activation.
struct Shape {
  int channels = 0, height = 0, width = 0;

  int64_t values() const { return int64_t{1} * channels * height * width; }
  bool operator==(const Shape&) const = default;
};

// x = (pixel / 255 - mean) / deviation, per channel: one value for each channel, or
// one for all. Deviations are above 0.
struct Normalization {
  std::vector<double> mean, deviation;
};

// Told how far a transfer is, in bytes; done == total at the end. A repeated transfer
// begins again at 0. Called on the thread that made the call.
using Progress = std::function<void(int64_t done, int64_t total)>;

}  // namespace colonnade::client
