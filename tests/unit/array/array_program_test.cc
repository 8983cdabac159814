// SPDX-License-Identifier: Apache-2.0
#include "server/array/array_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "server/array/unpack.h"
#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "tests/support/random_packed.h"

namespace colonnade::array {
namespace {

using ::testing::HasSubstr;

// One 1x1 convolution from 3 to 2 channels: two groups, of columns {0, 2} and {1},
// on an array of 2 x 2 cells, one tile.
ArrayProgram SmallProgram() {
  ArrayProgram program;
  program.config = {2, 2, 2};
  program.input_name = "image";
  program.output_name = "out";
  program.tensors = {{"image", {3, 2, 2}, 1.0, true}, {"conv", {2, 2, 2}, 1.0, false}};
  MatrixStep step;
  step.matrix = {2, 2, {5, 0, -3, 7}, {1, 0, 0, 0}, {{0, 2}, {1}}, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}};
  step.bias = {1 - 128 * 5, 2 - 128 * 4};
  step.shift = {3, 4};
  step.dense_columns = 3;
  const Cycles cycles{5, 32, 29, 2, 0};
  step.tiles = {{0, 2, {0, 1}, cycles}};
  step.cycles = cycles;
  program.cycles = cycles;
  program.steps = {{"conv", step}};
  return program;
}

std::string ErrorAfter(const std::function<void(ArrayProgram&, MatrixStep&)>& damage) {
  ArrayProgram program = SmallProgram();
  damage(program, std::get<MatrixStep>(program.steps[0].operation));
  const absl::Status status = Check(program);
  return std::string(Message(status));
}

TEST(ArrayProgram, SmallProgramPasses) { EXPECT_TRUE(Check(SmallProgram()).ok()) << Check(SmallProgram()); }

TEST(ArrayProgram, UnpackingPutsWeightsAtTheirColumns) {
  const auto network = Unpack(SmallProgram());
  ASSERT_TRUE(network.ok()) << network.status();
  const auto& layer = std::get<quant::MatrixLayer>(network->layers[0].operation);
  EXPECT_THAT(layer.weights.values, ::testing::ElementsAre(0, 0, 5, -3, 7, 0));
  EXPECT_THAT(layer.bias, ::testing::ElementsAre(1, 2));
  EXPECT_EQ(layer.source, "conv");
}

TEST(ArrayProgram, UnpackingInvertsCompiling) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const RandomPacked random = RandomPackedNetwork(seed);
    const auto program = compiler::Compile(random.network, random.groupings, random.config);
    ASSERT_TRUE(program.ok()) << program.status();
    const auto network = Unpack(*program);
    ASSERT_TRUE(network.ok()) << network.status();
    for (size_t i = 0; i < network->layers.size(); ++i) {
      const auto* layer = std::get_if<quant::MatrixLayer>(&network->layers[i].operation);
      if (layer == nullptr) continue;
      const auto& original = std::get<quant::MatrixLayer>(random.network.layers[i].operation);
      EXPECT_EQ(layer->weights.values, original.weights.values);
      EXPECT_EQ(layer->bias, original.bias);
    }
  }
}

TEST(ArrayProgram, SizeCountsColumnsTilesCellsAndBytes) {
  const ProgramSize size = SizeOf(SmallProgram());
  EXPECT_EQ(size.columns, 2);
  EXPECT_EQ(size.tiles, 1);
  EXPECT_EQ(size.cells, 4);
  EXPECT_EQ(size.tile_cells, 4);
  EXPECT_EQ(size.nonzero_cells, 3);
  EXPECT_EQ(size.weight_bytes, 2 * (2 + 1));  // two weights and two 1-bit lane indices per row
}

TEST(ArrayProgram, UnpackedWeightsNeedNoLaneBits) {
  ArrayProgram program = SmallProgram();
  std::get<MatrixStep>(program.steps[0].operation).matrix.group_columns[0] = {2};
  EXPECT_EQ(SizeOf(program).weight_bytes, 4);
}

TEST(ArrayProgram, RefusesMatricesThatDoNotFit) {
  EXPECT_THAT(ErrorAfter([](auto& p, auto&) { p.config.alpha = 1; }),
              HasSubstr("step 'conv': group 0 has 2 columns; the array takes 1 to 1"));
  EXPECT_THAT(ErrorAfter([](auto& p, auto&) { p.config.rows = 300; }), HasSubstr("array.rows"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.group_columns[1] = {2}; }), HasSubstr("group 1 lists column 2"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.group_columns[1] = {-1}; }), HasSubstr("column -1"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.group_columns[1] = {}; }), HasSubstr("has 0 columns"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.group_columns.pop_back(); }), HasSubstr("group_columns"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.groups = 4; }), HasSubstr("4 groups"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.rows = 1 << 30; }), HasSubstr("rows"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.weights.pop_back(); }), HasSubstr("weights holds 3"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.lanes.push_back(0); }), HasSubstr("lanes holds 5"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.bias.clear(); }), HasSubstr("bias holds 0"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.shift.clear(); }), HasSubstr("shift holds 0"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.input = 7; }), HasSubstr("input is tensor 7"));
}

TEST(ArrayProgram, RefusesCellsOutOfRange) {
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.weights[0] = -128; }), HasSubstr("weight -128"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.lanes[0] = 2; }), HasSubstr("lane 2"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.lanes[1] = 1; }), HasSubstr("row 0 and group 1"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.matrix.weights[0] = 0; }), HasSubstr("empty cell has lane 0"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.bias[1] = std::numeric_limits<int32_t>::max(); }),
              HasSubstr("bias of row 1"));
}

TEST(ArrayProgram, RefusesTilesThatDoNotCoverTheMatrixOnce) {
  const Cycles none;
  EXPECT_THAT(ErrorAfter([&](auto&, auto& s) {
                s.tiles.push_back({0, 2, {1}, none});
              }),
              HasSubstr("step 'conv': tile 1: cell of row 0 and group 1 is in an earlier tile too"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].groups = {0}; }),
              HasSubstr("cell of row 1 and group 1 has a weight and is in no tile"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].row_begin = 1; }), HasSubstr("in no tile"));
  EXPECT_THAT(ErrorAfter([](auto& p, auto& s) {
                s.tiles.clear();
                s.cycles = p.cycles = {};
              }),
              HasSubstr("0 tiles; 1 to"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) {
                s.matrix.weights = {0, 0, 0, 0};
                s.matrix.lanes = {0, 0, 0, 0};
                s.tiles[0].row_begin = 1;
              }),
              HasSubstr("row 0 is in no tile"));
}

TEST(ArrayProgram, RefusesTilesOutOfBounds) {
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].row_end = 3; }), HasSubstr("rows 0 to 3"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].row_begin = -1; }), HasSubstr("rows -1 to 2"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].row_end = 0; }), HasSubstr("rows 0 to 0"));
  EXPECT_THAT(ErrorAfter([](auto& p, auto&) { p.config.rows = 1; }), HasSubstr("1 to 1 of the 2 filters"));
  EXPECT_THAT(ErrorAfter([](auto& p, auto&) { p.config.columns = 1; }), HasSubstr("2 groups; the array holds 1 to 1"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].groups = {}; }), HasSubstr("0 groups"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].groups = {1, 0}; }), HasSubstr("must ascend"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].groups = {0, 0}; }), HasSubstr("must ascend"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.tiles[0].groups = {0, 2}; }), HasSubstr("within 0 to 1"));
}

TEST(ArrayProgram, RefusesCyclesThatDoNotAddUp) {
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { ++s.cycles.fill; }), HasSubstr("69 cycles, but its tiles take 68"));
  EXPECT_THAT(ErrorAfter([](auto& p, auto&) { ++p.cycles.stall; }), HasSubstr("but its steps 68"));
}

TEST(ArrayProgram, RefusesCyclesThatAreNotTheSchedules) {
  for (int64_t Cycles::*part : {&Cycles::fill, &Cycles::stream, &Cycles::drain, &Cycles::weight_load, &Cycles::stall}) {
    EXPECT_THAT(ErrorAfter([&](auto& p, auto& s) {
                  for (Cycles* cycles : {&s.tiles[0].cycles, &s.cycles, &p.cycles}) ++(cycles->*part);
                }),
                HasSubstr("step 'conv': tile 0: 69 cycles, which are not its schedule's 68"));
  }
}

TEST(ArrayProgram, RefusesTilesOfTheSameRowsThatDoNotFollowOneAnother) {
  const auto with_tiles = [](std::vector<Tile> tiles) { return ErrorAfter([&](auto&, auto& s) { s.tiles = tiles; }); };
  const Cycles none;
  EXPECT_THAT(with_tiles({{0, 1, {0}, none}, {1, 2, {0, 1}, none}, {0, 1, {1}, none}}),
              HasSubstr("tile 2: rows 0 to 1 follow rows 1 to 2"));
  EXPECT_THAT(with_tiles({{0, 2, {0}, none}, {1, 2, {1}, none}}), HasSubstr("tile 1: rows 1 to 2 follow rows 0 to 2"));
  EXPECT_THAT(with_tiles({{0, 2, {0}, none}, {0, 1, {1}, none}}), HasSubstr("tile 1: rows 0 to 1 follow rows 0 to 2"));
}

TEST(ArrayProgram, RefusesHugePadding) {
  EXPECT_THAT(ErrorAfter([](ArrayProgram& p, MatrixStep& s) {
                s.window = {1, 1, 65536, 65536, 65534, 65534, 65535, 65535};
                p.tensors[1].shape = {2, 2, 2};
              }),
              HasSubstr("the padded input of 3x131071x131071 is too large"));
}

TEST(ArrayProgram, RefusesADenseColumnCountBeyondTheColumns) {
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.dense_columns = 4; }), HasSubstr("4 dense columns of 3"));
  EXPECT_THAT(ErrorAfter([](auto&, auto& s) { s.dense_columns = -1; }), HasSubstr("-1 dense columns"));
}

// The rest is quant::Check's, which must see every program.
TEST(ArrayProgram, RefusesWhatTheIntegerNetworkRefuses) {
  EXPECT_NE(ErrorAfter([](auto& p, auto&) { p.tensors.pop_back(); }), "");
  EXPECT_NE(ErrorAfter([](auto& p, auto&) { p.tensors[1].shape.width = 3; }), "");
  EXPECT_NE(ErrorAfter([](auto& p, auto&) { p.tensors[0].shape = {0, 0, 0}; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.shift[0] = 32; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.input = 1; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.window.stride_h = 0; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.window.pad_left = -1; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.matrix.column_sites[1].channel = 3; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.matrix.column_sites[1].dy = 1; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.high = 256; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.low = -1; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.residual = quant::Residual{5, 0}; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.residual = quant::Residual{0, 0}; }), "");
  EXPECT_NE(ErrorAfter([](auto&, auto& s) { s.bias[1] = std::numeric_limits<int32_t>::min(); }), "");
  EXPECT_NE(ErrorAfter([](auto& p, auto&) { p.logit_scale = 0; }), "");
}

}  // namespace
}  // namespace colonnade::array
