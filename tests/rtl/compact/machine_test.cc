// SPDX-License-Identifier: Apache-2.0
// The compact machine in SystemVerilog, Verilated and driven at its pins: logits are the reference
// executor's, cycles the predicted ones.
#include <gtest/gtest.h>

#include <cstdlib>

#include "server/machine/compact_lower.h"
#include "tests/rtl/compact/compact_bench.h"
#include "tests/rtl/compact/compact_run.h"
#include "tests/support/compact_network.h"
#include "tests/support/random_packed.h"
#include "tests/support/require.h"
#include "tests/support/shared_network.h"

namespace colonnade {
namespace {

// Of the environment, or else `few`.
int CountOf(const char* variable, int few) {
  const char* count = std::getenv(variable);
  return count == nullptr ? few : std::atoi(count);
}

TEST(CompactMachine, RunsRandomNetworksAsTheReferenceDoes) {
  CompactBench bench;
  for (int seed = 0; seed < CountOf("COLONNADE_COMPACT_PROGRAMS", 6); ++seed) {
    SCOPED_TRACE(seed);
    const auto program = RandomCompactProgram(uint64_t(seed));
    const machine::CompactImage compact = Require(machine::LowerCompact(*program));
    bench.LoadProgram(compact);
    for (uint64_t image = 0; image < 2; ++image) {
      const std::vector<uint8_t> bytes = RandomBytes(program->tensors[0].shape.size(), uint64_t(seed) + image);
      ASSERT_EQ(bench.Run(compact, bytes), ReferenceLogits(program, bytes));
      ASSERT_EQ(bench.busy_cycles(), compact.cycles);
    }
  }
}

TEST(CompactMachine, RunsAfterAResetAtAnyTime) {
  const auto program = RandomCompactProgram(1);
  const machine::CompactImage compact = Require(machine::LowerCompact(*program));
  const std::vector<uint8_t> image = RandomBytes(program->tensors[0].shape.size(), 1);
  const std::vector<int32_t> logits = ReferenceLogits(program, image);
  CompactBench bench;
  bench.LoadProgram(compact);
  for (int64_t cycles = 0; cycles < compact.cycles; cycles += compact.cycles / 11) {
    bench.StartAndReset(compact, image, cycles);
    ASSERT_EQ(bench.Run(compact, image), logits) << cycles;
  }
}

TEST(CompactMachine, DoesNotListenWhileItIsBusy) {
  const auto program = RandomCompactProgram(1);
  const machine::CompactImage compact = Require(machine::LowerCompact(*program));
  const std::vector<uint8_t> image = RandomBytes(program->tensors[0].shape.size(), 2);
  CompactBench bench;
  bench.LoadProgram(compact);
  EXPECT_EQ(bench.Run(compact, image, /*disturbed=*/true), ReferenceLogits(program, image));
  EXPECT_EQ(bench.busy_cycles(), compact.cycles);
}

TEST(CompactMachine, RunsResNet20) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const auto program = PackedResNet20(*data);
  const machine::CompactImage compact = Require(machine::LowerCompact(*program));
  CompactBench bench;
  bench.LoadProgram(compact);
  for (const std::vector<uint8_t>& image : TestImages(*data, *program, CountOf("COLONNADE_COMPACT_IMAGES", 1))) {
    EXPECT_EQ(bench.Run(compact, image), ReferenceLogits(program, image));
    EXPECT_EQ(bench.busy_cycles(), compact.cycles);
  }
  RecordProperty("program", static_cast<int>(compact.program.size()));
  RecordProperty("cycles", std::to_string(compact.cycles));
  RecordProperty("port_cycles", std::to_string(bench.port_cycles()));
}

}  // namespace
}  // namespace colonnade
