// SPDX-License-Identifier: Apache-2.0
// Images to train on, decoded but not yet normalized.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/network.h"

namespace colonnade::training {

inline constexpr int32_t kUnlabelled = -1;

// Plain data; held in memory for as long as training lasts and never written.
struct Samples {
  nn::Shape shape;
  std::vector<uint8_t> pixels;  // [images][channels][height][width]
  std::vector<int32_t> labels;  // [images], class index or kUnlabelled
  // x = (pixel / 255 - mean) / deviation; one value per channel each.
  std::vector<double> mean, deviation;

  int64_t size() const { return int64_t(labels.size()); }
  std::span<const uint8_t> image(int64_t index) const {
    return std::span(pixels).subspan(size_t(index * shape.size()), size_t(shape.size()));
  }
};

// Sizes fit together, labels are below `classes` or kUnlabelled, means and
// deviations finite, deviations above 0. INVALID_ARGUMENT names the field; it never
// quotes a label or a pixel.
absl::Status Check(const Samples& samples, int classes);

// The normalized values of images [begin, begin + count), as the network takes them.
std::vector<float> Normalized(const Samples& samples, int64_t begin, int64_t count);

// Writes one image's normalized values; `values` has samples.shape.size() of them.
void Normalize(const Samples& samples, int64_t index, std::span<float> values);

// Normalized value of each of the 256 pixel values in one channel.
std::vector<float> NormalizationTable(const Samples& samples, int channel);

// The samples with these indices, in this order.
Samples Select(const Samples& samples, std::span<const int64_t> indices);

// The first `count`, or all if there are fewer.
Samples First(const Samples& samples, int64_t count);

}  // namespace colonnade::training
