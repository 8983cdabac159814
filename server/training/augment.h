// SPDX-License-Identifier: Apache-2.0
// Random variations of training images, from a generator of our own: the same seed
// gives the same images with every standard library.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/training/samples.h"

namespace colonnade::training {

// SplitMix64. Not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // A stream of its own for each pair, such as seed and epoch.
  Random(uint64_t seed, uint64_t stream);

  uint64_t Next();
  // Uniform in 0 .. bound - 1. REQUIRES: bound >= 1.
  uint64_t Below(uint64_t bound);

 private:
  uint64_t state_;
};

// 0 .. size - 1 in random order.
std::vector<int64_t> Permutation(int64_t size, Random& random);

struct Augmentation {
  bool translate = false;  // by up to size / 8 (at least 1 pixel) in both directions
  bool mirror = false;     // left and right, half of the images

  friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

// Writes one varied, normalized image. Pixels that a translation brings in are
// black (pixel value 0), as the border of photographs and digits padded by hand.
// `values` has samples.shape.size() elements. Without translation and mirroring this
// is Normalize(). Draws three numbers from `random`, whatever the augmentation.
void Augment(const Samples& samples, int64_t index, const Augmentation& augmentation, Random& random,
             std::span<float> values);

}  // namespace colonnade::training
