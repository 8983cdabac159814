// SPDX-License-Identifier: Apache-2.0
#include "server/packing/search_loops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace colonnade::packing {
namespace {

// A search gives the same grouping on every processor because its loops give the same bits.
class SearchLoopsOf : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam())) GTEST_SKIP() << "this processor lacks the instruction set";
  }

  const SearchLoops& loops() const { return LoopsOf(GetParam()); }
  const SearchLoops& portable_ = LoopsOf(InstructionSet::kPortable);
  std::mt19937_64 random_{17};
};

void Fill(AlignedArray<float>& array, size_t size, std::mt19937_64& random) {
  for (size_t i = 0; i < size; ++i) array.data()[i] = std::ldexp(float(random() % 1000003), -int(random() % 40));
}

TEST_P(SearchLoopsOf, SumsHaveTheSameBits) {
  for (int rows = 16; rows <= 160; rows += 16) {
    for (int count = 1; count <= 9; ++count) {
      AlignedArray<float> a{size_t(rows)}, b{size_t(rows) * size_t(count)};
      Fill(a, size_t(rows), random_);
      Fill(b, size_t(rows) * size_t(count), random_);
      std::vector<float> sums(size_t(count), -1), expected(size_t(count), -2);
      loops().sums_of_maxima(a.data(), b.data(), count, rows, sums.data());
      portable_.sums_of_maxima(a.data(), b.data(), count, rows, expected.data());
      EXPECT_EQ(sums, expected);
      double sum = 0;
      for (int row = 0; row < rows; ++row) sum += std::max(a.data()[row], b.data()[row]);
      EXPECT_NEAR(sums[0], sum, 1e-5 * sum);
    }
  }
}

TEST_P(SearchLoopsOf, RelaxationTakesWhatGains) {
  for (int count = 16; count <= 64; count += 16) {
    AlignedArray<float> steps{size_t(count)}, best{size_t(count)};
    AlignedArray<int> via{size_t(count)};
    Fill(steps, size_t(count), random_);
    Fill(best, size_t(count), random_);
    const std::vector<float> before(best.data(), best.data() + count);
    bool gains = false;
    const bool taken = loops().relax(100, 8, steps.data(), 5, count, best.data(), via.data());
    for (int i = 0; i < count; ++i) {
      const float next = 100 + steps.data()[i];
      const bool better = next > before[size_t(i)] + 8;
      EXPECT_EQ(best.data()[i], better ? next : before[size_t(i)]);
      EXPECT_EQ(via.data()[i], better ? 5 : 0);
      gains |= better;
    }
    EXPECT_EQ(taken, gains);
    EXPECT_FALSE(loops().relax(-1e30f, 0, steps.data(), 5, count, best.data(), via.data()));
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, SearchLoopsOf,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512),
                         [](const auto& info) {
                           return std::string(info.param == InstructionSet::kPortable ? "Portable"
                                              : info.param == InstructionSet::kAvx2   ? "Avx2"
                                                                                      : "Avx512");
                         });

}  // namespace
}  // namespace colonnade::packing
