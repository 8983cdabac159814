// SPDX-License-Identifier: Apache-2.0
// Random programs on the small Verilated boards, through the production driver.
#include <gtest/gtest.h>

#include "server/compiler/compile.h"
#include "server/machine/lower.h"
#include "tests/cosim/boards.h"
#include "tests/support/random_packed.h"

namespace colonnade::executors {
namespace {

constexpr int kPrograms = 10;

class RandomPrograms : public ::testing::TestWithParam<const char*> {};

TEST_P(RandomPrograms, AreTheKernelsOnTheVerilatedBoard) {
  const array::ArrayConfig config = array::ParseArrayConfig(GetParam()).value();
  const Boards boards(GetParam());
  int ran = 0;
  for (uint64_t seed = 1; ran < kPrograms; ++seed) {
    ASSERT_LT(seed, 20u * kPrograms);
    const RandomPacked random = RandomPackedNetwork(seed, {.for_machine = true, .config = config});
    const auto program = std::make_shared<const array::ArrayProgram>(
        compiler::Compile(random.network, random.groupings, random.config).value());
    if (!machine::Lower(*program, machine::DefaultLimits(config)).ok()) continue;
    const int64_t size = program->tensors[0].shape.size();
    ASSERT_EQ(FirstDifference(program, boards.devices(), {RandomBytes(size, seed), RandomBytes(size, seed + 1)}), "")
        << "seed " << seed;
    ++ran;
  }
}

INSTANTIATE_TEST_SUITE_P(Arrays, RandomPrograms, ::testing::Values("8x8a8", "8x8a8-i1-w1"),
                         [](const auto& info) { return info.index == 0 ? "interleaved" : "plain"; });

TEST(VerilatedBoard, RefusesOtherArrays) {
  NoMetrics metrics;
  array::ArrayConfig config;
  config.rows = 24;
  const RandomPacked random = RandomPackedNetwork(1, {.for_machine = true, .config = config});
  const auto program = std::make_shared<const array::ArrayProgram>(
      compiler::Compile(random.network, random.groupings, random.config).value());
  const Devices devices{std::make_shared<SharedDevice>("rtl", BoardOpener(COLONNADE_BOARD), metrics), nullptr};
  Workspace workspace;
  const auto executor = MakeExecutor("rtl", program, devices).value();
  const absl::Status status = executor->Run(RandomBytes(program->tensors[0].shape.size(), 1), workspace).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

}  // namespace
}  // namespace colonnade::executors
