// SPDX-License-Identifier: Apache-2.0
// Two chained arrays compute what the reference executor computes, in the cycles that the model of
// pipelining predicts: docs/machine_manual.md, section 7.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/compiler/pipelining.h"
#include "tests/rtl/chain/chain_bench.h"
#include "tests/rtl/chain/chain_pair.h"

namespace colonnade::rtl {
namespace {

class RtlChain : public ::testing::TestWithParam<ChainShape> {
 protected:
  const ChainShape& shape() const { return GetParam(); }

  static void ExpectCycles(const compiler::Pipelined& predicted, const ChainRun& run) {
    for (size_t array = 0; array < 2; ++array) {
      ASSERT_EQ(run.first_word[array], predicted.steps[array].first_word) << "array " << array;
      ASSERT_EQ(run.last_output[array], predicted.steps[array].last_output) << "array " << array;
    }
    ASSERT_EQ(run.last_output[1], predicted.latency);
    ASSERT_EQ(run.busy_cycles, std::max(run.last_output[0], run.last_output[1]));
  }

  // Runs an image, and compares outputs and cycles.
  static void ExpectAsSpecified(ChainBench& bench, const ChainPair& pair, uint64_t seed) {
    const std::vector<uint8_t> image = RandomImage(pair, seed);
    const ChainRun run = bench.Run(pair, image);
    ASSERT_FALSE(run.timed_out);
    ExpectCycles(pair.predicted, run);
    ASSERT_EQ(run.output, ReferenceOutput(pair, image));
  }
};

TEST_P(RtlChain, RandomPairsOfLayers) {
  ChainBench bench(shape(), 1);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const ChainPair pair = RandomPair(shape(), seed);
    bench.Load(pair);
    // The layers stay in place from image to image.
    for (uint64_t image = 0; image < 2; ++image) ExpectAsSpecified(bench, pair, 2 * seed + image);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RtlChain, ArraysAsLargeAsTheirMatrices) {
  ChainBench bench(shape(), 2);
  int filled = 0;
  for (uint64_t seed = 1000; filled < 5; ++seed) {
    SCOPED_TRACE(seed);
    const ChainPair pair = RandomPair(shape(), seed);
    if (!pair.fills_arrays) continue;
    ++filled;
    bench.Load(pair);
    ExpectCycles(compiler::PredictPipelined(*pair.program), bench.Run(pair, RandomImage(pair, seed)));
    if (HasFatalFailure()) return;
  }
}

TEST_P(RtlChain, TheLastOutputCanBeReadInItsCycleAndNotBefore) {
  ChainBench bench(shape(), 3);
  int too_early = 0;
  for (uint64_t seed = 2000; seed < 2020; ++seed) {
    const ChainPair pair = RandomPair(shape(), seed);
    bench.Load(pair);
    // What an image leaves in the memory is there before the next one's bytes, which mostly differ.
    for (uint64_t image = 0; image < 3; ++image) {
      too_early += !bench.Run(pair, RandomImage(pair, 3 * seed + image)).was_there_before;
    }
  }
  EXPECT_GT(too_early, 10);
}

TEST_P(RtlChain, TheLineBufferIsAsLargeAsItMustBe) {
  ChainBench bench(shape(), 4);
  for (uint64_t seed = 3000; seed < 3006; ++seed) {
    SCOPED_TRACE(seed);
    const ChainPair pair = RandomPair(shape(), seed, kBufferPositions, kBufferPositions);
    bench.Load(pair);
    ExpectAsSpecified(bench, pair, seed);
    if (HasFatalFailure()) return;
  }
  int wrong = 0;
  for (uint64_t seed = 4000; wrong == 0 && seed < 4200; ++seed) {
    const ChainPair pair = RandomPair(shape(), seed, kBufferPositions + 1, kBufferPositions + 1);
    const std::vector<uint8_t> image = RandomImage(pair, seed);
    bench.Load(pair);
    wrong += bench.Run(pair, image).output != ReferenceOutput(pair, image);
  }
  EXPECT_GT(wrong, 0);
}

std::string TestName(const ::testing::TestParamInfo<ChainShape>& info) {
  const ChainShape& s = info.param;
  return fmt::format("{}x{}n{}x{}a{}i{}", s.first.rows, s.first.columns, s.second.rows, s.second.columns, s.alpha,
                     s.interleave);
}

INSTANTIATE_TEST_SUITE_P(, RtlChain, ::testing::ValuesIn(ChainShapes()), TestName);

}  // namespace
}  // namespace colonnade::rtl
