// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/cycle_model.h"

#include <gtest/gtest.h>

namespace colonnade::compiler {
namespace {

using array::ArrayConfig;
using array::Cycles;
using array::Tile;

const ArrayConfig kDefault;  // 16 x 18, alpha 8, interleave 4, two weight buffers

Tile Rows(int rows) { return {0, rows, {0}, {}}; }

TEST(CycleModel, FourInterleavedPixelsTakeOneWordTime) {
  EXPECT_EQ(ComputeCycles(kDefault, 1), (Cycles{4 + 17, 32, 15 + 24, 0, 0}));
  EXPECT_EQ(ComputeCycles(kDefault, 4).stream, 32);
  EXPECT_EQ(ComputeCycles(kDefault, 5).stream, 64);
  EXPECT_EQ(ComputeCycles(kDefault, 1024).stream, 8192);
}

TEST(CycleModel, WithoutInterleaveEachPixelTakesAWordTime) {
  ArrayConfig config;
  config.interleave = 1;
  EXPECT_EQ(ComputeCycles(config, 1), (Cycles{4 + 17, 32, 15, 0, 0}));
  EXPECT_EQ(ComputeCycles(config, 1024).stream, 32768);
}

// 8 P + 24 + (columns - 1) + (rows - 1) + start-up, the published total.
TEST(CycleModel, TotalIsThePublishedFormula) {
  for (const int pixels : {4, 64, 1024}) {
    EXPECT_EQ(ComputeCycles(kDefault, pixels).total(), 8 * pixels + 24 + 17 + 15 + 4);
  }
}

TEST(CycleModel, WeightsEnterThroughTheLanes) {
  EXPECT_EQ(LoadCycles(kDefault, 16), 16);
  EXPECT_EQ(LoadCycles(kDefault, 5), 5);
  EXPECT_EQ(LoadCycles({16, 18, 1}, 16), 128);
  EXPECT_EQ(LoadCycles({16, 18, 3}, 1), 3);
}

TEST(CycleModel, SecondBufferHidesAllLoadsButTheFirst) {
  std::vector<Tile> tiles = {Rows(16), Rows(16), Rows(4)};
  const Cycles sum = PredictCycles(kDefault, 100, tiles);
  EXPECT_EQ(tiles[0].cycles.weight_load, 16);
  EXPECT_EQ(tiles[1].cycles.weight_load, 0);
  EXPECT_EQ(tiles[2].cycles.weight_load, 0);
  EXPECT_EQ(sum.weight_load, 16);
  EXPECT_EQ(sum.stream, 3 * 800);
}

TEST(CycleModel, OnlyTheExcessOverTheTileBeforeCounts) {
  const ArrayConfig config{100, 2, 1};  // 800 cycles to load 100 rows
  std::vector<Tile> tiles = {Rows(100), Rows(100)};
  PredictCycles(config, 1, tiles);
  const int64_t compute = 4 + 1 + 32 + 99 + 24;
  EXPECT_EQ(tiles[0].cycles.weight_load, 800);
  EXPECT_EQ(tiles[1].cycles.weight_load, 800 - compute);
}

TEST(CycleModel, OneBufferHidesNothing) {
  ArrayConfig config;
  config.weight_buffers = 1;
  std::vector<Tile> tiles = {Rows(16), Rows(4)};
  EXPECT_EQ(PredictCycles(config, 100, tiles).weight_load, 20);
}

}  // namespace
}  // namespace colonnade::compiler
