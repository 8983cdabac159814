// SPDX-License-Identifier: Apache-2.0
// The array in SystemVerilog computes integer sums, and takes as many cycles as the
// manual's closed form says: docs/array_manual.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "server/array/schedule.h"
#include "server/quant/requantization.h"
#include "tests/rtl/bench.h"
#include "tests/rtl/step.h"

namespace colonnade::rtl {
namespace {

using array::ArrayConfig;

class RtlArray : public ::testing::TestWithParam<ArrayConfig> {
 protected:
  // Runs it, and compares results, loads, issues and cycles.
  void ExpectAsSpecified(Bench& bench, const Step& step, int idle = 0) {
    const Recording recording = bench.Run(step, idle);
    ASSERT_FALSE(recording.timed_out);
    ExpectResults(step, recording);
    ExpectSchedule(step, recording);
    ExpectCycles(step, recording);
  }

  const ArrayConfig& config() const { return GetParam(); }

 private:
  static void ExpectResults(const Step& step, const Recording& recording) {
    for (int row = 0; row < step.matrix.rows; ++row) {
      for (int pixel = 0; pixel < step.pixels; ++pixel) {
        const Output& output = recording.outputs[size_t(row) * step.pixels + pixel];
        const int32_t sum = Accumulator(step, row, pixel);
        ASSERT_EQ(output.writes, 1) << "row " << row << ", pixel " << pixel;
        ASSERT_EQ(output.logit, sum) << "row " << row << ", pixel " << pixel;
        ASSERT_EQ(output.quantized, quant::Requantize(sum, step.shift[row], step.low, step.high))
            << "row " << row << ", pixel " << pixel << ", sum " << sum << ", shift " << int(step.shift[row]);
      }
    }
  }

  static void ExpectSchedule(const Step& step, const Recording& recording) {
    const array::Schedule expected = array::MakeSchedule(step.config, step.pixels, step.tiles);
    for (size_t i = 0; i < step.tiles.size(); ++i) {
      ASSERT_EQ(recording.schedule.tiles[i].load, expected.tiles[i].load) << "tile " << i;
      ASSERT_EQ(recording.schedule.tiles[i].issue, expected.tiles[i].issue) << "tile " << i;
    }
    ASSERT_EQ(recording.schedule.cycles, expected.cycles);
  }

  static void ExpectCycles(const Step& step, const Recording& recording) {
    for (size_t i = 0; i < step.tiles.size(); ++i) {
      const array::Cycles& counted = recording.cycles[i];
      const array::Cycles& predicted = step.tiles[i].cycles;
      ASSERT_EQ(counted.fill, predicted.fill) << "tile " << i;
      ASSERT_EQ(counted.stream, predicted.stream) << "tile " << i;
      ASSERT_EQ(counted.drain, predicted.drain) << "tile " << i;
      ASSERT_EQ(counted.weight_load, predicted.weight_load) << "tile " << i;
      ASSERT_EQ(counted.stall, predicted.stall) << "tile " << i;
    }
  }
};

TEST_P(RtlArray, OnePixelOneTile) {
  Bench bench(config(), 1);
  ExpectAsSpecified(bench, RandomStep(config(), config().rows, config().columns, 1, 1));
}

TEST_P(RtlArray, PixelCountsUpToThreeInterleaves) {
  Bench bench(config(), 2);
  for (int pixels = 1; pixels <= 13; ++pixels) {
    SCOPED_TRACE(pixels);
    ExpectAsSpecified(bench, RandomStep(config(), config().rows, config().columns, pixels, 100 + pixels));
  }
}

TEST_P(RtlArray, SeveralColumnTilesAddUp) {
  Bench bench(config(), 3);
  for (int pixels = 1; pixels <= 9; ++pixels) {
    SCOPED_TRACE(pixels);
    ExpectAsSpecified(bench, RandomStep(config(), config().rows, 3 * config().columns + 1, pixels, 200 + pixels));
  }
}

TEST_P(RtlArray, SeveralRowTilesFollowOneAnother) {
  Bench bench(config(), 4);
  for (int pixels = 1; pixels <= 9; ++pixels) {
    SCOPED_TRACE(pixels);
    ExpectAsSpecified(bench, RandomStep(config(), 3 * config().rows + 1, config().columns, pixels, 300 + pixels));
  }
}

TEST_P(RtlArray, AllAccumulatorsAreUsed) {
  Bench bench(config(), 5);
  ExpectAsSpecified(bench, RandomStep(config(), 2 * config().rows, 2 * config().columns, 1 << kPixelBits, 400));
}

TEST_P(RtlArray, RandomStreamsOfSteps) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    Bench bench(config(), 1000 + int(seed));
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(::testing::Message() << "seed " << seed << ", step " << i);
      const int rows = 1 + int(random() % (3 * config().rows));
      const int groups = 1 + int(random() % (4 * config().columns));
      const int pixels = 1 + int(random() % 23);
      const Step step = RandomStep(config(), rows, groups, pixels, random());
      ExpectAsSpecified(bench, step, /*idle=*/int(random() % 9));
      if (HasFatalFailure()) return;
    }
  }
}

std::string TestName(const ::testing::TestParamInfo<ArrayConfig>& info) {
  std::string name = array::Name(info.param);
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, RtlArray, ::testing::ValuesIn(Configurations()), TestName);

}  // namespace
}  // namespace colonnade::rtl
