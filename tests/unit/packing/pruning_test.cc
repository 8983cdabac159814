// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/base/status.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/packed_filter_matrix.h"
#include "server/packing/prune_conflicts.h"
#include "server/packing/prune_magnitude.h"
#include "tests/unit/packing/matrices.h"

namespace colonnade::packing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PruneConflicts, TheLargerWeightStays) {
  nn::FilterMatrix matrix = Matrix({{0.3f, 0, 0, 0.5f},  //
                                    {0, -0.2f, 0.9f, 0},
                                    {0.1f, 0, 0, 0},
                                    {0.8f, 0, 0.4f, -0.7f}});
  const Grouping grouping{{{0, 1}, {2, 3}}};
  EXPECT_EQ(PruneConflicts(grouping, matrix), 1);
  EXPECT_THAT(matrix.values,
              ElementsAre(0.3f, 0, 0, 0.5f, 0, -0.2f, 0.9f, 0, 0.1f, 0, 0, 0, 0.8f, 0, 0, -0.7f));
  const auto packed = Pack(matrix, grouping);
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_THAT(packed->weights, ElementsAre(0.3f, 0.5f, -0.2f, 0.9f, 0.1f, 0, 0.8f, -0.7f));
  EXPECT_THAT(packed->lanes, ElementsAre(0, 1, 1, 0, 0, 0, 0, 1));
  EXPECT_EQ(packed->packing_efficiency(), 7.0 / 8);
  EXPECT_EQ(packed->density(), 7.0 / 16);
}

TEST(PruneConflicts, OfEqualWeightsTheLowestLaneStays) {
  nn::FilterMatrix matrix = Matrix({{0.5f, -0.5f, 0.5f}});
  EXPECT_EQ(PruneConflicts({{{2, 0, 1}}}, matrix), 2);
  EXPECT_THAT(matrix.values, ElementsAre(0, 0, 0.5f));
}

TEST(RefillCells, EmptyCellsGetTheLargestOriginalWeightBack) {
  const nn::FilterMatrix original = Matrix({{0.3f, -0.6f, 0.2f, 0.5f},  //
                                            {0, 0, 0.1f, 0},
                                            {0.4f, -0.4f, 0.7f, 0.8f}});
  nn::FilterMatrix matrix = Matrix({{0, 0, 0.9f, 0},  //
                                    {0, 0, 0, 0},
                                    {0, 0, 0, 0.2f}});
  EXPECT_EQ(RefillCells({{{0, 1}, {2, 3}}}, original, matrix), 3);
  EXPECT_THAT(matrix.values, ElementsAre(0, -0.6f, 0.9f, 0,  //
                                         0, 0, 0.1f, 0,      //
                                         0.4f, 0, 0, 0.2f));
}

TEST(PruneConflicts, KeepsTheMaximumOfEveryRowAndGroupAndNothingElse) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const nn::FilterMatrix matrix = RandomMatrix(seed);
    nn::FilterMatrix pruned = matrix;
    const Grouping grouping = GroupDenseFirst({matrix, 5, 2.0, nn::FeedRule::kSameTap});
    int64_t changed = PruneConflicts(grouping, pruned);
    for (size_t i = 0; i < matrix.values.size(); ++i) {
      if (pruned.values[i] == matrix.values[i]) continue;
      EXPECT_EQ(pruned.values[i], 0);
      --changed;
    }
    EXPECT_EQ(changed, 0);
    for (const std::vector<int>& members : grouping.groups) {
      for (int row = 0; row < matrix.rows; ++row) {
        float largest = 0, left = 0;
        for (const int column : members) {
          largest = std::max(largest, std::abs(matrix.at(row, column)));
          left += std::abs(pruned.at(row, column));
        }
        ASSERT_EQ(left, largest);
      }
    }
    const auto packed = Pack(pruned, grouping);
    ASSERT_TRUE(packed.ok()) << packed.status();
    EXPECT_EQ(Unpack(*packed).values, pruned.values);
  }
}

TEST(PruneMagnitude, ZeroesTheSmallest) {
  nn::FilterMatrix matrix = Matrix({{4, -1, 0, 3}, {0, 2, -2, 5}});
  EXPECT_EQ(PruneMagnitude(0.5, matrix), 3);
  EXPECT_THAT(matrix.values, ElementsAre(4, 0, 0, 3, 0, 0, 0, 5));
  EXPECT_EQ(PruneMagnitude(0.3, matrix), 0);
  EXPECT_EQ(PruneMagnitude(1.0, matrix), 3);
  EXPECT_EQ(PruneMagnitude(1.0, matrix), 0);
}

TEST(PruneMagnitude, OfEqualWeightsTheFirstGo) {
  nn::FilterMatrix matrix = Matrix({{1, -1, 1, -1, 1}});
  EXPECT_EQ(PruneMagnitude(0.4, matrix), 2);
  EXPECT_THAT(matrix.values, ElementsAre(0, 0, 1, -1, 1));
}

TEST(Pack, NamesWhatDoesNotFit) {
  const nn::FilterMatrix matrix = Matrix({{1, 0, 2}, {0, 3, 4}});
  EXPECT_THAT(std::string(Message(Pack(matrix, {{{0}, {1, 2}}}).status())),
              HasSubstr("row 1 has a conflict in group 1: columns 1 and 2"));
  EXPECT_THAT(std::string(Message(Pack(matrix, {{{0, 1}}}).status())), HasSubstr("column 2"));
}

TEST(Pack, AMatrixOfZerosOccupiesNothing) {
  const auto packed = Pack(Matrix({{0, 0}}), {});
  ASSERT_TRUE(packed.ok());
  EXPECT_EQ(packed->packing_efficiency(), 1.0);
  EXPECT_EQ(packed->density(), 0.0);
  EXPECT_THAT(Unpack(*packed).values, ElementsAre(0, 0));
}

}  // namespace
}  // namespace colonnade::packing
