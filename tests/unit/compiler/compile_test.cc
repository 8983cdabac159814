// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "server/base/status.h"
#include "server/compiler/pack.h"
#include "server/compiler/tile.h"
#include "tests/support/random_packed.h"

namespace colonnade::compiler {
namespace {

using array::ArrayConfig;
using array::MatrixStep;
using array::PackedMatrix;
using array::Tile;
using nn::FeedRule;
using packing::Grouping;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

quant::WeightMatrix PointwiseWeights(int rows, std::vector<int8_t> values) {
  quant::WeightMatrix weights{rows, int(values.size()) / rows, std::move(values), {}};
  for (int c = 0; c < weights.columns; ++c) weights.column_sites.push_back({c, 0, 0});
  return weights;
}

// A 1x1 convolution on a 2x2 image.
quant::QuantizedNetwork Pointwise(int rows, std::vector<int8_t> values, bool is_signed = false) {
  quant::MatrixLayer layer;
  layer.weights = PointwiseWeights(rows, std::move(values));
  layer.bias.assign(rows, 10);
  layer.shift.assign(rows, 2);
  layer.source = "conv.weight";
  quant::QuantizedNetwork network{"image", "out", {}, {}};
  network.tensors = {{"image", {layer.weights.columns, 2, 2}, 1.0, is_signed},
                     {"conv", {rows, 2, 2}, 1.0, false}};
  network.layers = {{"conv", layer}};
  return network;
}

const MatrixStep& FirstStep(const array::ArrayProgram& program) {
  return std::get<MatrixStep>(program.steps[0].operation);
}

std::string CompileError(const quant::QuantizedNetwork& network, const Groupings& groupings,
                         const ArrayConfig& config) {
  const auto program = Compile(network, groupings, config);
  return program.ok() ? "" : std::string(Message(program.status()));
}

// rows x groups ones where `blocks` says so.
PackedMatrix Matrix(int rows, int groups, const std::function<bool(int, int)>& nonzero) {
  PackedMatrix matrix{rows, groups, {}, {}, {}, {}};
  for (int r = 0; r < rows; ++r) {
    for (int g = 0; g < groups; ++g) matrix.weights.push_back(nonzero(r, g) ? 1 : 0);
  }
  return matrix;
}

TEST(Pack, CellsHoldWeightAndLane) {
  const auto packed = Pack(PointwiseWeights(2, {5, 0, 0, 0, 0, 0, 8, -6}), {{{3, 0}, {1, 2}}}, {});
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_THAT(packed->weights, ElementsAre(5, 0, -6, 8));
  EXPECT_THAT(packed->lanes, ElementsAre(1, 0, 0, 1));
}

TEST(Pack, ZeroMatrixKeepsOneGroup) {
  const auto packed = Pack(PointwiseWeights(2, {0, 0, 0, 0}), {}, {});
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(packed->groups, 1);
  EXPECT_THAT(packed->group_columns, ElementsAre(ElementsAre(0)));
}

TEST(Tiles, RowBlocksThenRunsOfGroups) {
  const auto tiles = CutIntoTiles(Matrix(5, 5, [](int, int) { return true; }), {2, 3});
  ASSERT_EQ(tiles.size(), 6);
  EXPECT_EQ(tiles[0].row_begin, 0);
  EXPECT_EQ(tiles[0].row_end, 2);
  EXPECT_THAT(tiles[0].groups, ElementsAre(0, 1, 2));
  EXPECT_THAT(tiles[1].groups, ElementsAre(3, 4));
  EXPECT_EQ(tiles[5].row_begin, 4);
  EXPECT_EQ(tiles[5].row_end, 5);
}

TEST(Tiles, BlockDiagonalMatrixCostsOnlyItsBlocks) {
  // 16 depthwise channels with 9 taps each: 8 rows meet 72 of the 144 groups.
  const PackedMatrix matrix = Matrix(16, 144, [](int r, int g) { return g / 9 == r; });
  const auto tiles = CutIntoTiles(matrix, {8, 18});
  EXPECT_EQ(tiles.size(), 2 * 72 / 18);
  EXPECT_THAT(tiles[4].groups, ::testing::Contains(72));
}

TEST(Tiles, RowsOfZerosStillPassThroughTheArray) {
  const auto tiles = CutIntoTiles(Matrix(4, 3, [](int r, int) { return r < 2; }), {2, 3});
  ASSERT_EQ(tiles.size(), 2);
  EXPECT_EQ(tiles[1].row_begin, 2);
  EXPECT_THAT(tiles[1].groups, ElementsAre(0));
}

TEST(Compile, SignedInputMovesIntoTheBias) {
  const auto program = CompileDense(Pointwise(2, {5, -2, 0, 7}, /*is_signed=*/true), {});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(FirstStep(*program).bias, ElementsAre(10 - 128 * 3, 10 - 128 * 7));
}

TEST(Compile, UnsignedInputKeepsTheBias) {
  const auto program = CompileDense(Pointwise(2, {5, -2, 0, 7}), {});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(FirstStep(*program).bias, ElementsAre(10, 10));
}

TEST(Compile, LayerWithoutGroupsRunsItsNonzeroColumns) {
  const auto program = CompileDense(Pointwise(2, {5, 0, 1, 7, 0, 0}), {});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(FirstStep(*program).matrix.group_columns, ElementsAre(ElementsAre(0), ElementsAre(2)));
  EXPECT_EQ(FirstStep(*program).dense_columns, 2);
}

TEST(Compile, GroupsAreFoundBySource) {
  const auto program =
      Compile(Pointwise(2, {5, 0, 0, 7}), {{"conv.weight", Grouping{{{0, 1}}}}}, ArrayConfig{});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(FirstStep(*program).matrix.groups, 1);
  EXPECT_EQ(FirstStep(*program).dense_columns, 2);
  EXPECT_EQ(FirstStep(*program).tiles.size(), 1);
  EXPECT_EQ(program->cycles, FirstStep(*program).cycles);
  EXPECT_EQ(program->cycles.total(), 2 + 21 + 32 + 43);
}

TEST(Compile, RefusesGroupsTheArrayCannotHold) {
  const auto network = Pointwise(1, {5, 0, 0, 0});
  EXPECT_THAT(CompileError(network, {{"conv.weight", Grouping{{{0, 1, 2}}}}}, {16, 18, 2}),
              HasSubstr("layer 'conv'"));
  EXPECT_THAT(CompileError(network, {{"conv.weight", Grouping{{{0, 1}}}}}, {0}), HasSubstr("array.rows"));
}

TEST(Compile, RefusesConflictsAndMissingColumns) {
  const auto network = Pointwise(1, {5, 6, 0, 0});
  EXPECT_THAT(CompileError(network, {{"conv.weight", Grouping{{{0, 1}}}}}, {}), HasSubstr("layer 'conv'"));
  EXPECT_THAT(CompileError(network, {{"conv.weight", Grouping{{{0}}}}}, {}), HasSubstr("layer 'conv'"));
}

TEST(Compile, RefusesGroupsThatBreakTheFeedRule) {
  quant::QuantizedNetwork network = Pointwise(1, {5, 0});
  auto& layer = std::get<quant::MatrixLayer>(network.layers[0].operation);
  layer.weights.column_sites = {{0, 0, 0}, {0, 0, 1}};
  layer.window = {1, 2};
  network.tensors[0].shape = {1, 2, 3};
  ArrayConfig config;
  EXPECT_THAT(CompileError(network, {{"conv.weight", Grouping{{{0, 1}}}}}, config),
              HasSubstr("layer 'conv'"));
  config.feed_rule = FeedRule::kSameRow;
  EXPECT_EQ(CompileError(network, {{"conv.weight", Grouping{{{0, 1}}}}}, config), "");
}

TEST(Compile, RefusesGroupsForAnUnknownLayer) {
  EXPECT_THAT(CompileError(Pointwise(1, {5}), {{"conv9", {}}}, {}), HasSubstr("'conv9'"));
}

TEST(Compile, RandomNetworksCompileUnderEveryFeedRule) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const RandomPacked random = RandomPackedNetwork(seed);
    const auto packed = Compile(random.network, random.groupings, random.config);
    ASSERT_TRUE(packed.ok()) << packed.status();
    const auto dense = CompileDense(random.network, random.config);
    ASSERT_TRUE(dense.ok()) << dense.status();
    EXPECT_EQ(SizeOf(*packed).nonzero_cells, SizeOf(*dense).nonzero_cells);
  }
}

}  // namespace
}  // namespace colonnade::compiler
