// SPDX-License-Identifier: Apache-2.0
#include "server/nn/filter_matrix.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::nn {
namespace {

using ::testing::ElementsAre;

TEST(FilterMatrix, OrdersColumnsChannelMajor) {
  const Layer layer{"conv", Convolution{1, 1, {1, 2}, {1, 2, 3, 4}, {0}}, {0}, {}};
  const FilterMatrix matrix = ToFilterMatrix(layer, {2, 3, 3});
  EXPECT_THAT(matrix.values, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(matrix.column_sites,
              ElementsAre(Column{0, 0, 0}, Column{0, 0, 1}, Column{1, 0, 0}, Column{1, 0, 1}));
}

TEST(FilterMatrix, GroupedConvolutionIsBlockDiagonal) {
  const Layer layer{"conv", Convolution{4, 2, {}, {1, 2, 3, 4, 5, 6, 7, 8}, {0, 0, 0, 0}}, {0}, {}};
  const FilterMatrix matrix = ToFilterMatrix(layer, {4, 3, 3});
  EXPECT_EQ(matrix.rows, 4);
  EXPECT_EQ(matrix.columns, 4);
  EXPECT_THAT(matrix.values, ElementsAre(1, 2, 0, 0,  //
                                         3, 4, 0, 0,  //
                                         0, 0, 5, 6,  //
                                         0, 0, 7, 8));
}

TEST(FilterMatrix, LinearHasOneColumnPerInput) {
  const Layer layer{"fc", Linear{2, {1, 2, 3, 4, 5, 6, 7, 8}, {0, 0}}, {0}, {}};
  const FilterMatrix matrix = ToFilterMatrix(layer, {2, 1, 2});
  EXPECT_EQ(matrix.columns, 4);
  EXPECT_EQ(matrix.at(1, 3), 8);
  EXPECT_EQ(matrix.column_sites[3], (Column{3, 0, 0}));
}

TEST(FilterMatrix, StoresBackOnlyTheBlocks) {
  const Shape input{4, 3, 3};
  Layer layer{"conv", Convolution{2, 2, {}, {1, 2, 3, 4}, {0, 0}}, {0}, {}};
  FilterMatrix matrix = ToFilterMatrix(layer, input);
  for (float& value : matrix.values) value += 10;
  StoreFilterMatrix(matrix, input, layer);
  EXPECT_THAT(layer.as<Convolution>()->weight, ElementsAre(11, 12, 13, 14));
}

}  // namespace
}  // namespace colonnade::nn
