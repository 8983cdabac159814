// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/cycle_model.h"

#include <gtest/gtest.h>

#include <random>

#include "server/array/schedule.h"

namespace colonnade::compiler {
namespace {

using array::ArrayConfig;
using array::Cycles;
using array::Tile;

const ArrayConfig kDefault;  // 16 x 18, alpha 8, interleave 4, two weight buffers

Tile Rows(int begin, int end) { return {begin, end, {0}, {}}; }

Cycles OneTile(const ArrayConfig& config, int64_t pixels) {
  std::vector<Tile> tiles = {Rows(0, config.rows)};
  return PredictCycles(config, pixels, tiles);
}

TEST(CycleModel, FourInterleavedPixelsTakeOneWordTime) {
  EXPECT_EQ(OneTile(kDefault, 1), (Cycles{21, 8, 43, 16, 0}));
  EXPECT_EQ(OneTile(kDefault, 4).stream, 32);
  EXPECT_EQ(OneTile(kDefault, 5).stream, 40);
  EXPECT_EQ(OneTile(kDefault, 1024).stream, 8192);
}

TEST(CycleModel, WithoutInterleaveEachPixelTakesAWordTime) {
  ArrayConfig config;
  config.interleave = 1;
  EXPECT_EQ(OneTile(config, 1), (Cycles{21, 32, 19, 16, 0}));
  EXPECT_EQ(OneTile(config, 1024).stream, 32768);
}

TEST(CycleModel, SecondBufferHidesAllLoadsButTheFirst) {
  std::vector<Tile> tiles = {Rows(0, 16), Rows(16, 32), Rows(32, 36)};
  const Cycles sum = PredictCycles(kDefault, 100, tiles);
  EXPECT_EQ(tiles[0].cycles, (Cycles{21, 800, 0, 16, 0}));
  EXPECT_EQ(tiles[1].cycles, (Cycles{0, 800, 0, 0, 0}));
  EXPECT_EQ(tiles[2].cycles, (Cycles{0, 800, 43, 0, 0}));
  EXPECT_EQ(sum, (Cycles{21, 2400, 43, 16, 0}));
}

TEST(CycleModel, SmallTilesWaitForWeightsAndThenForSums) {
  std::vector<Tile> tiles = {Rows(0, 4), Rows(0, 4)};
  PredictCycles(kDefault, 1, tiles);
  EXPECT_EQ(tiles[1].cycles.weight_load, 16 + 18 + 2 + 4 - 8);
  EXPECT_EQ(tiles[1].cycles.stall, 18 + 34 - 8 - tiles[1].cycles.weight_load);
}

TEST(CycleModel, OneBufferHidesNothing) {
  ArrayConfig config;
  config.weight_buffers = 1;
  std::vector<Tile> tiles = {Rows(0, 16), Rows(16, 20)};
  PredictCycles(config, 100, tiles);
  EXPECT_EQ(tiles[0].cycles.weight_load, 16);
  EXPECT_EQ(tiles[1].cycles.weight_load, 16 + 18 + 35 + 4 - 8);
}

// Up to four row blocks of up to four column tiles each, on any array.
std::vector<Tile> RandomTiles(std::mt19937_64& random, const ArrayConfig& config) {
  std::vector<Tile> tiles;
  int row = 0;
  for (uint64_t blocks = 1 + random() % 4; blocks > 0; --blocks) {
    const int rows = 1 + static_cast<int>(random() % config.rows);
    for (uint64_t runs = 1 + random() % 4; runs > 0; --runs) tiles.push_back(Rows(row, row + rows));
    row += rows;
  }
  return tiles;
}

TEST(CycleModel, ClosedFormIsTheSchedules) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    std::mt19937_64 random(seed);
    const ArrayConfig config{1 + int(random() % 64), 1 + int(random() % 64), 1, random() % 2 ? 4 : 1,
                             1 + int(random() % 2)};
    const int64_t pixels = 1 + random() % 50;
    std::vector<Tile> tiles = RandomTiles(random, config);
    PredictCycles(config, pixels, tiles);
    const array::Schedule schedule = array::MakeSchedule(config, pixels, tiles);
    const auto expected = array::CyclesByTile(config, pixels, tiles, schedule);
    for (size_t i = 0; i < tiles.size(); ++i) {
      ASSERT_EQ(tiles[i].cycles, expected[i]) << "seed " << seed << ", tile " << i;
    }
  }
}

}  // namespace
}  // namespace colonnade::compiler
