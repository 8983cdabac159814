// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sequencer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "server/executors/simulator_loops.h"
#include "tests/support/manual_cycles.h"

namespace colonnade::executors {
namespace {

using ::testing::ElementsAre;

std::vector<array::Cycles> Count(const array::ArrayConfig& config, int64_t pixels, std::vector<TileShape> tiles,
                                 int most = kBlockCycles) {
  Sequencer sequencer(config, pixels, std::move(tiles));
  while (!sequencer.done()) EXPECT_LE(sequencer.Run(most).cycles, most);
  return sequencer.cycles();
}

// Section 9 of the manual.
TEST(Sequencer, CountsTheManualsExample) {
  const array::ArrayConfig config = *array::ParseArrayConfig("2x3a8");
  EXPECT_THAT(Count(config, 3, {{2, false}, {2, true}}),
              ElementsAre(array::Cycles{6, 24, 0, 2, 0}, array::Cycles{0, 24, 29, 0, 13}));
}

TEST(Sequencer, IssuesTheManualsExample) {
  Sequencer sequencer(*array::ParseArrayConfig("2x3a8"), 3, {{2, false}, {2, true}});
  const SequencedBlock block = sequencer.Run(32);
  EXPECT_EQ(block.load, 0b11000000011u);  // cycles 0, 1, 9, 10
  EXPECT_EQ(block.swap, 1u << 5);
  EXPECT_EQ(block.first, 1u << 6 | 1u << 14 | 1u << 22);
  EXPECT_EQ(block.phase[0], 0x003fc000u);
  EXPECT_EQ(block.phase[1], 0xffc00000u);
  const SequencedBlock second = sequencer.Run(32);
  ASSERT_EQ(second.starts.size(), 1u);
  EXPECT_EQ(second.starts[0].start, 43);
  EXPECT_EQ(second.starts[0].mac, 3);
}

TEST(Sequencer, LoadsTheLastRowFirst) {
  Sequencer sequencer(*array::ParseArrayConfig("4x4a8"), 1, {{3, false}});
  std::vector<int> rows;
  for (const LoadedRow& loaded : sequencer.Run(32).rows) rows.push_back(loaded.row);
  EXPECT_THAT(rows, ElementsAre(2, 1, 0));
}

TEST(Sequencer, WithoutWaitsAStepCostsWhatTheManualSays) {
  const array::ArrayConfig config;  // 16x18a8
  const std::vector<TileShape> tiles(5, TileShape{16, false});
  array::Cycles sum;
  for (const array::Cycles& cycles : Count(config, 64, tiles)) sum += cycles;
  EXPECT_EQ(sum.total(), 16 + 21 + 5 * 8 * 64 + 43);
}

class RandomStep {
 public:
  explicit RandomStep(uint64_t seed) : random_(seed) {
    config.rows = Pick(0, 9) == 0 ? Pick(1, 256) : Pick(1, 20);
    config.columns = Pick(0, 9) == 0 ? Pick(1, 256) : Pick(1, 40);
    config.interleave = Pick(0, 1) ? 4 : 1;
    config.weight_buffers = Pick(1, 2);
    pixels = Pick(0, 3) == 0 ? Pick(1, 200) : Pick(1, 12);
    for (int j = Pick(1, 7); j > 0; --j) {
      const bool continues = !tiles.empty() && Pick(0, 1) == 1;
      tiles.push_back({continues ? tiles.back().rows : Pick(1, config.rows), continues});
    }
  }

  array::ArrayConfig config;
  int64_t pixels = 0;
  std::vector<TileShape> tiles;

 private:
  int Pick(int low, int high) { return low + int(random_() % uint64_t(high - low + 1)); }

  std::mt19937_64 random_;
};

TEST(Sequencer, CountsWhatTheManualsFormulasGive) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const RandomStep step(seed);
    EXPECT_EQ(Count(step.config, step.pixels, step.tiles), ManualCycles(step.config, step.pixels, step.tiles))
        << "seed " << seed << ", " << array::Name(step.config);
  }
}

TEST(Sequencer, StartsTilesWhenTheManualsRulesAllow) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const RandomStep step(seed);
    Sequencer sequencer(step.config, step.pixels, step.tiles);
    std::vector<int64_t> starts;
    while (!sequencer.done()) {
      for (const SequencedBlock::Start& start : sequencer.Run(32).starts) starts.push_back(start.start - 4);
    }
    EXPECT_EQ(starts, ManualIssues(step.config, step.pixels, step.tiles)) << "seed " << seed;
  }
}

TEST(Sequencer, CountsTheSameInBlocksOfAnySize) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const RandomStep step(seed);
    const auto cycles = Count(step.config, step.pixels, step.tiles);
    for (const int most : {1, 7, 31}) EXPECT_EQ(Count(step.config, step.pixels, step.tiles, most), cycles) << seed;
  }
}

}  // namespace
}  // namespace colonnade::executors
