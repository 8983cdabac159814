// SPDX-License-Identifier: Apache-2.0
#include "server/training/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "server/base/status.h"

namespace colonnade::training {
namespace {

absl::Status CheckNormalization(const Samples& samples) {
  if (samples.mean.size() != size_t(samples.shape.channels) || samples.deviation.size() != samples.mean.size()) {
    return InvalidField("normalization", fmt::format("{} means and {} deviations for {} channels", samples.mean.size(),
                                                     samples.deviation.size(), samples.shape.channels));
  }
  for (size_t c = 0; c < samples.mean.size(); ++c) {
    if (!std::isfinite(samples.mean[c]) || !std::isfinite(samples.deviation[c]) || samples.deviation[c] <= 0) {
      return InvalidField("normalization", fmt::format("channel {}: mean {} and deviation {}; both must be finite, the "
                                                       "deviation above 0",
                                                       c, samples.mean[c], samples.deviation[c]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Check(const Samples& samples, int classes) {
  const nn::Shape& shape = samples.shape;
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1) {
    return InvalidField("shape", fmt::format("{} is empty", nn::ToString(shape)));
  }
  if (samples.pixels.size() != size_t(samples.size() * shape.size())) {
    return InvalidField("pixels", fmt::format("{} bytes for {} images of {}", samples.pixels.size(), samples.size(),
                                              nn::ToString(shape)));
  }
  for (const int32_t label : samples.labels) {
    if (label != kUnlabelled && (label < 0 || label >= classes)) {
      return InvalidField("labels",
                          fmt::format("a label is out of range; the network has classes 0 to {}", classes - 1));
    }
  }
  return CheckNormalization(samples);
}

std::vector<float> NormalizationTable(const Samples& samples, int channel) {
  std::vector<float> table(256);
  for (int pixel = 0; pixel < 256; ++pixel) {
    table[pixel] = float((pixel / 255.0 - samples.mean[channel]) / samples.deviation[channel]);
  }
  return table;
}

void Normalize(const Samples& samples, int64_t index, std::span<float> values) {
  const std::span<const uint8_t> image = samples.image(index);
  const size_t plane = size_t(samples.shape.height) * samples.shape.width;
  for (int c = 0; c < samples.shape.channels; ++c) {
    const std::vector<float> table = NormalizationTable(samples, c);
    for (size_t i = c * plane; i < (c + 1) * plane; ++i) values[i] = table[image[i]];
  }
}

std::vector<float> Normalized(const Samples& samples, int64_t begin, int64_t count) {
  const int64_t size = samples.shape.size();
  std::vector<float> values(size_t(count * size));
  for (int64_t i = 0; i < count; ++i) {
    Normalize(samples, begin + i, std::span(values).subspan(size_t(i * size), size_t(size)));
  }
  return values;
}

Samples Select(const Samples& samples, std::span<const int64_t> indices) {
  Samples selected{samples.shape, {}, {}, samples.mean, samples.deviation};
  for (const int64_t index : indices) {
    const auto image = samples.image(index);
    selected.pixels.insert(selected.pixels.end(), image.begin(), image.end());
    selected.labels.push_back(samples.labels[size_t(index)]);
  }
  return selected;
}

Samples First(const Samples& samples, int64_t count) {
  std::vector<int64_t> indices(size_t(std::min(count, samples.size())));
  std::iota(indices.begin(), indices.end(), int64_t{0});
  return Select(samples, indices);
}

}  // namespace colonnade::training
