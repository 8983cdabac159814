// SPDX-License-Identifier: Apache-2.0
#include "tests/support/glyphs.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "deploy/models/small_cnn.h"
#include "server/training/augment.h"
#include "server/training/trainable_network.h"
#include "server/training/trainer.h"

namespace colonnade {
namespace {

constexpr int kSize = 10, kRows = 5, kColumns = 3;
constexpr const char* kDigits[10] = {"####.##.##.####", ".#.##..#..#.###", "##...#.#.#..###", "##...#.#...###.",
                                     "#.##.####..#..#", "####..##...###.", ".###..####.####", "###..#.#..#..#.",
                                     "####.#.#.#.####", "####.####..###."};

uint8_t Saturate(uint64_t value) { return uint8_t(std::min<uint64_t>(value, 255)); }

}  // namespace

training::Samples DrawGlyphs(int count, uint64_t seed) {
  training::Samples samples{{1, kSize, kSize}, {}, {}, {0.3}, {0.3}};
  training::Random random(seed);
  for (int i = 0; i < count; ++i) {
    const int label = int(random.Below(10));
    const auto top = int(random.Below(kSize - kRows + 1)), left = int(random.Below(kSize - kColumns + 1));
    const uint64_t strength = 60 + random.Below(120);
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const int row = y - top, column = x - left;
        const bool inside = row >= 0 && row < kRows && column >= 0 && column < kColumns;
        const bool ink = inside && kDigits[label][row * kColumns + column] == '#';
        samples.pixels.push_back(Saturate(random.Below(70) + (ink ? strength : 0)));
      }
    }
    samples.labels.push_back(label);
  }
  return samples;
}

nn::Network TrainedGlyphNetwork() {
  const training::Samples samples = DrawGlyphs(3000, 1);
  const auto untrained = UntrainedCnn(samples.shape, {12, 24, 24}, 10, 1);
  training::Trainer trainer(*untrained, nullptr, samples, {.learning_rate = 0.05});
  constexpr int kEpochs = 6;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    if (const auto result = trainer.RunEpoch(epoch, kEpochs, {}); !result.ok()) {
      std::fprintf(stderr, "TrainedGlyphNetwork: %s\n", result.status().ToString().c_str());
      std::abort();
    }
  }
  return trainer.network();
}

}  // namespace colonnade
