// SPDX-License-Identifier: Apache-2.0
#include "server/training/cells.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::training {
namespace {

using testing::ElementsAre;

TEST(Winners, TheLargestSquareTimesImportanceWins) {
  const Cells cells{"conv", {0, 0, 1, 1}, 2, {1, 1, 1, 9}};
  EXPECT_THAT(Winners(cells, std::vector<float>{-3, 2, 2, 1}), ElementsAre(1, 0, 0, 1));
}

TEST(Winners, OfEqualOnesTheFirst) {
  const Cells cells{"conv", {0, 0, 0}, 1, {1, 1, 1}};
  EXPECT_THAT(Winners(cells, std::vector<float>{1, -2, 2}), ElementsAre(0, 1, 0));
}

TEST(Winners, NeitherZerosNorWeightsWithoutACellWin) {
  const Cells cells{"conv", {0, 0, -1}, 1, {1, 1, 1}};
  EXPECT_THAT(Winners(cells, std::vector<float>{0, 0, 5}), ElementsAre(0, 0, 0));
}

}  // namespace
}  // namespace colonnade::training
