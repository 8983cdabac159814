// SPDX-License-Identifier: Apache-2.0
#include "server/training/augment.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::training {
namespace {

using testing::ElementsAre;

// One 1x3x3 image of the values 1 to 9, normalized to themselves.
Samples Nine() {
  Samples samples{{1, 3, 3}, std::vector<uint8_t>(9), {0}, {0}, {1 / 255.0}};
  std::iota(samples.pixels.begin(), samples.pixels.end(), uint8_t{1});
  return samples;
}

std::vector<int> Augmented(const Augmentation& augmentation, Random& random) {
  std::vector<float> values(9);
  Augment(Nine(), 0, augmentation, random, values);
  std::vector<int> pixels;
  for (const float value : values) pixels.push_back(int(std::lround(value)));
  return pixels;
}

std::set<std::vector<int>> AllAugmented(const Augmentation& augmentation) {
  std::set<std::vector<int>> images;
  Random random(1);
  for (int i = 0; i < 1000; ++i) images.insert(Augmented(augmentation, random));
  return images;
}

TEST(Augment, LeavesImagesAloneWhenOff) {
  EXPECT_THAT(AllAugmented({}), ElementsAre(std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Augment, MirrorsLeftAndRight) {
  EXPECT_THAT(AllAugmented({.mirror = true}), ElementsAre(std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                          std::vector<int>{3, 2, 1, 6, 5, 4, 9, 8, 7}));
}

TEST(Augment, TranslatesByOnePixelAndFillsWithBlack) {
  const auto images = AllAugmented({.translate = true});
  EXPECT_EQ(images.size(), 9u);
  EXPECT_TRUE(images.contains({5, 6, 0, 8, 9, 0, 0, 0, 0}));
  EXPECT_TRUE(images.contains({0, 0, 0, 0, 1, 2, 0, 4, 5}));
}

TEST(Augment, SameSeedSameImages) {
  Random a(7, 3), b(7, 3), c(7, 4);
  std::vector<std::vector<int>> from_a, from_b, from_c;
  for (int i = 0; i < 20; ++i) {
    from_a.push_back(Augmented({true, true}, a));
    from_b.push_back(Augmented({true, true}, b));
    from_c.push_back(Augmented({true, true}, c));
  }
  EXPECT_EQ(from_a, from_b);
  EXPECT_NE(from_a, from_c);
}

TEST(Permutation, HoldsEveryIndexOnceInAnotherOrder) {
  Random random(5);
  std::vector<int64_t> order = Permutation(100, random);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[size_t(i)], i);
}

TEST(Normalize, AppliesMeanAndDeviationPerChannel) {
  const Samples samples{{2, 1, 2}, {0, 255, 51, 102}, {0}, {0.5, 0.2}, {0.25, 0.1}};
  EXPECT_THAT(Normalized(samples, 0, 1), ElementsAre(-2.0f, 2.0f, testing::FloatNear(0, 1e-6), 2.0f));
}

TEST(Check, NamesTheBadField) {
  Samples samples = Nine();
  ASSERT_TRUE(Check(samples, 1).ok());
  samples.labels = {1};
  EXPECT_THAT(Check(samples, 1).ToString(), testing::HasSubstr("labels: a label is out of range"));
  samples = Nine();
  samples.deviation = {0};
  EXPECT_THAT(Check(samples, 1).ToString(), testing::HasSubstr("normalization: channel 0"));
  samples = Nine();
  samples.pixels.pop_back();
  EXPECT_THAT(Check(samples, 1).ToString(), testing::HasSubstr("pixels: 8 bytes for 1 images of 1x3x3"));
}

}  // namespace
}  // namespace colonnade::training
