// SPDX-License-Identifier: Apache-2.0
#include "server/array/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "server/base/status.h"

namespace colonnade::array {
namespace {

using ::testing::HasSubstr;

struct Step {
  ArrayConfig config;
  int64_t pixels = 1;
  std::vector<Tile> tiles;
};

// Up to four row blocks of up to four column tiles each.
Step RandomStep(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  Step step;
  step.config = {1 + below(40), 1 + below(40), 1, below(2) ? 4 : 1, 1 + below(2)};
  step.pixels = 1 + below(below(2) ? 4 : 40);
  int row = 0;
  for (int block = below(4); block >= 0; --block) {
    const int rows = 1 + below(step.config.rows);
    for (int tile = below(4); tile >= 0; --tile) step.tiles.push_back({row, row + rows, {0}, {}});
    row += rows;
  }
  return step;
}

// Plays a step cycle by cycle as the sequencer does it. Nothing here is computed over
// more than one event.
class Player {
 public:
  explicit Player(const Step& step) : step_(step), cycles_(step.tiles.size()) {}

  void Play() {
    freed_.insert(-1);
    for (int64_t cycle = 0; !Ended() || cycle <= last_output_; ++cycle) {
      Load(cycle);
      seen_.push_back(Issue(cycle));
      if (load_rows_ > 0 && --load_rows_ == 0) ready_ = true;
      Count(cycle);
    }
    schedule_.cycles = static_cast<int64_t>(seen_.size());
  }

  const Schedule& schedule() const { return schedule_; }
  const std::vector<Cycles>& cycles() const { return cycles_; }

 private:
  enum class Activity { kNothing, kIssues, kWaitsForWeights, kWaitsForSums };
  struct Seen {
    Activity activity;
    size_t tile;
  };

  bool Ended() const { return tile_ == step_.tiles.size(); }

  void Load(int64_t cycle) {
    if (!freed_.contains(cycle - 1) || schedule_.tiles.size() == step_.tiles.size()) return;
    const Tile& tile = step_.tiles[schedule_.tiles.size()];
    schedule_.tiles.push_back({cycle, -1});
    load_rows_ = tile.row_end - tile.row_begin;
  }

  Seen Issue(int64_t cycle) {
    if (Ended()) return {Activity::kNothing, 0};
    const size_t tile = tile_;
    if (bit_ == 0 && pixel_ == 0) {
      if (!ready_) return {Activity::kWaitsForWeights, tile};
      // Read in the cycle after the next, which must be after the one of writing.
      if (ContinuesSums(step_.tiles, tile) && cycle + 2 <= sums_written_) return {Activity::kWaitsForSums, tile};
      BeginTile(cycle);
    }
    if (bit_ == 0) BeginWord(cycle);
    if (++bit_ == (step_.config.interleave == 4 ? 8 : 32)) EndWord();
    return {Activity::kIssues, tile};
  }

  void BeginTile(int64_t cycle) {
    schedule_.tiles[tile_].issue = cycle;
    ready_ = false;
    sums_written_ = cycle + 4 + step_.config.columns + 31;
    if (step_.config.weight_buffers == 2) freed_.insert(cycle + 3 + step_.config.rows - 1 + step_.config.columns - 1);
  }

  void BeginWord(int64_t cycle) {
    const int64_t last_bit = cycle + 4 + step_.config.rows - 1 + step_.config.columns + 31;
    last_output_ = last_bit + 3;
    if (step_.config.weight_buffers == 1 && pixel_ + 1 == step_.pixels) freed_.insert(last_bit);
  }

  void EndWord() {
    bit_ = 0;
    if (++pixel_ < step_.pixels) return;
    pixel_ = 0;
    ++tile_;
  }

  void Count(int64_t cycle) {
    const int64_t then = cycle - 4 - (step_.config.columns - 1);
    const Seen seen = then < 0 ? Seen{Activity::kNothing, 0} : seen_[then];
    if (seen.activity != Activity::kNothing) began_ = true;
    if (seen.activity == Activity::kIssues) ++cycles_[seen.tile].stream;
    if (seen.activity == Activity::kWaitsForWeights) ++cycles_[seen.tile].weight_load;
    if (seen.activity == Activity::kWaitsForSums) ++cycles_[seen.tile].stall;
    if (seen.activity == Activity::kNothing) ++(began_ ? cycles_.back().drain : cycles_.front().fill);
  }

  const Step& step_;
  Schedule schedule_;
  std::vector<Cycles> cycles_;
  std::vector<Seen> seen_;
  std::set<int64_t> freed_;  // cycles in which weights become free to be replaced
  size_t tile_ = 0;
  int64_t pixel_ = 0, bit_ = 0, load_rows_ = 0, sums_written_ = 0, last_output_ = 0;
  bool ready_ = false, began_ = false;
};

std::string VerifyError(const Step& step, const Schedule& schedule) {
  return std::string(Message(Verify(step.config, step.pixels, step.tiles, schedule)));
}

// 2 x 3 cells, two column tiles of three pixels: the manual's example.
Step Example(int weight_buffers = 2) {
  const Tile tile{0, 2, {0}, {}};
  return {{2, 3, 1, 4, weight_buffers}, 3, {tile, tile}};
}

Schedule ScheduleOf(const Step& step) { return MakeSchedule(step.config, step.pixels, step.tiles); }

TEST(Schedule, IsTheManualsExample) {
  const Step step = Example();
  const Schedule schedule = ScheduleOf(step);
  EXPECT_EQ(schedule.tiles[0].load, 0);
  EXPECT_EQ(schedule.tiles[0].issue, 2);
  EXPECT_EQ(schedule.tiles[1].load, 9);
  EXPECT_EQ(schedule.tiles[1].issue, 39);
  EXPECT_EQ(schedule.cycles, 98);
  const auto cycles = CyclesByTile(step.config, step.pixels, step.tiles, schedule);
  EXPECT_EQ(cycles[0], (Cycles{6, 24, 0, 2, 0}));
  EXPECT_EQ(cycles[1], (Cycles{0, 24, 29, 0, 13}));
}

TEST(Schedule, IsWhatTheRulesGiveCycleByCycle) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Step step = RandomStep(seed);
    const Schedule schedule = ScheduleOf(step);
    Player player(step);
    player.Play();
    ASSERT_EQ(schedule.cycles, player.schedule().cycles) << "seed " << seed;
    for (size_t i = 0; i < step.tiles.size(); ++i) {
      ASSERT_EQ(schedule.tiles[i].load, player.schedule().tiles[i].load) << "seed " << seed << ", tile " << i;
      ASSERT_EQ(schedule.tiles[i].issue, player.schedule().tiles[i].issue) << "seed " << seed << ", tile " << i;
    }
    ASSERT_EQ(CyclesByTile(step.config, step.pixels, step.tiles, schedule), player.cycles()) << "seed " << seed;
  }
}

TEST(Schedule, CyclesAddUpToItsLength) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Step step = RandomStep(seed);
    const Schedule schedule = ScheduleOf(step);
    Cycles sum;
    for (const Cycles& cycles : CyclesByTile(step.config, step.pixels, step.tiles, schedule)) sum += cycles;
    ASSERT_EQ(sum.total(), schedule.cycles) << "seed " << seed;
  }
}

TEST(Schedule, PassesItsOwnVerification) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Step step = RandomStep(seed);
    ASSERT_EQ(VerifyError(step, ScheduleOf(step)), "") << "seed " << seed;
  }
}

TEST(Schedule, MayWait) {
  Schedule schedule = ScheduleOf(Example());
  schedule.tiles[1].issue += 7;
  schedule.cycles += 7;
  EXPECT_EQ(VerifyError(Example(), schedule), "");
}

TEST(Schedule, RefusesSumsThatAreNotWritten) {
  Schedule schedule = ScheduleOf(Example());
  --schedule.tiles[1].issue;
  EXPECT_THAT(VerifyError(Example(), schedule), HasSubstr("tile 1 continues sums that are not written"));
}

TEST(Schedule, RefusesWordsThatMeet) {
  Step step = Example();
  step.tiles[1].row_begin = 2, step.tiles[1].row_end = 3;
  Schedule schedule = ScheduleOf(step);
  ASSERT_EQ(schedule.tiles[1].issue, 26);
  --schedule.tiles[1].issue;
  EXPECT_THAT(VerifyError(step, schedule), HasSubstr("tile 1 begins before the words of the tile before"));
}

// With two buffers the hardware waits for the words before it issues, which leaves three
// cycles; with one it starts to load a cycle later than it could.
TEST(Schedule, RefusesWeightsThatAreNotInPlace) {
  for (const int buffers : {1, 2}) {
    Schedule schedule = ScheduleOf(Example(buffers));
    schedule.tiles[0].issue = buffers == 2 ? -1 : -2;
    EXPECT_EQ(VerifyError(Example(buffers), schedule), "");
    --schedule.tiles[0].issue;
    EXPECT_THAT(VerifyError(Example(buffers), schedule), HasSubstr("tile 0 begins before its weights"));
  }
}

TEST(Schedule, RefusesWeightsReplacedInUse) {
  for (const int buffers : {1, 2}) {
    Schedule schedule = ScheduleOf(Example(buffers));
    schedule.tiles[1].load -= buffers == 2 ? 0 : 1;
    EXPECT_EQ(VerifyError(Example(buffers), schedule), "");
    --schedule.tiles[1].load;
    EXPECT_THAT(VerifyError(Example(buffers), schedule), HasSubstr("tile 1 replaces weights that are in use"));
  }
}

TEST(Schedule, RefusesAnEndBeforeTheLastOutput) {
  Schedule schedule = ScheduleOf(Example());
  --schedule.cycles;
  EXPECT_THAT(VerifyError(Example(), schedule), HasSubstr("tile 1 writes its last output after the end"));
}

TEST(Schedule, RefusesAnotherNumberOfTiles) {
  Schedule schedule = ScheduleOf(Example());
  schedule.tiles.pop_back();
  EXPECT_THAT(VerifyError(Example(), schedule), HasSubstr("it has 1 tiles; the step has 2"));
}

}  // namespace
}  // namespace colonnade::array
