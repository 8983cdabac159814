// SPDX-License-Identifier: Apache-2.0
#include "server/training/augment.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace colonnade::training {
namespace {

constexpr uint64_t kIncrement = 0x9E3779B97F4A7C15;

int RandomOffset(int size, Random& random) {
  const int reach = std::max(1, size / 8);
  return int(random.Below(uint64_t(2 * reach + 1))) - reach;
}

}  // namespace

Random::Random(uint64_t seed, uint64_t stream) : state_(seed) { state_ = Next() ^ (stream * kIncrement); }

uint64_t Random::Next() {
  uint64_t z = state_ += kIncrement;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

uint64_t Random::Below(uint64_t bound) { return uint64_t((static_cast<unsigned __int128>(Next()) * bound) >> 64); }

std::vector<int64_t> Permutation(int64_t size, Random& random) {
  std::vector<int64_t> order(size_t(size), 0);
  std::iota(order.begin(), order.end(), int64_t{0});
  for (int64_t i = size - 1; i > 0; --i) std::swap(order[size_t(i)], order[random.Below(uint64_t(i) + 1)]);
  return order;
}

void Augment(const Samples& samples, int64_t index, const Augmentation& augmentation, Random& random,
             std::span<float> values) {
  const auto [channels, height, width] = samples.shape;
  int dy = RandomOffset(height, random);
  int dx = RandomOffset(width, random);
  const bool mirror = random.Below(2) == 1 && augmentation.mirror;
  if (!augmentation.translate) dy = dx = 0;
  const std::span<const uint8_t> image = samples.image(index);
  size_t out = 0;
  for (int c = 0; c < channels; ++c) {
    const std::vector<float> table = NormalizationTable(samples, c);
    for (int i = 0; i < height; ++i) {
      for (int j = 0; j < width; ++j) {
        const int y = i + dy;
        const int x = (mirror ? width - 1 - j : j) + dx;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        values[out++] = table[inside ? image[(size_t(c) * height + y) * width + x] : 0];
      }
    }
  }
}

}  // namespace colonnade::training
