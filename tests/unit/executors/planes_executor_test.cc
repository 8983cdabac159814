// SPDX-License-Identifier: Apache-2.0
// The simulated array computes what the reference computes, in the cycles that the manual
// and the compiler predict.
#include "server/executors/planes_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/compiler/compile.h"
#include "server/executors/lockstep.h"
#include "server/executors/reference.h"
#include "server/executors/simulated_array.h"
#include "tests/support/manual_cycles.h"
#include "tests/support/random_packed.h"
#include "tests/unit/executors/seeds.h"

namespace colonnade::executors {
namespace {

using ::testing::ElementsAre;

using Program = std::shared_ptr<const array::ArrayProgram>;

Program CompileRandom(const RandomPacked& random) {
  auto program = compiler::Compile(random.network, random.groupings, random.config);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? std::make_shared<const array::ArrayProgram>(*std::move(program)) : nullptr;
}

// Unpacked, so that it fits any array.
Program CompileFor(const char* name, uint64_t seed) {
  RandomPacked random = RandomPackedNetwork(seed);
  random.groupings.clear();
  random.config = *array::ParseArrayConfig(name);
  return CompileRandom(random);
}

std::vector<uint8_t> RandomImage(const Program& program, uint64_t seed) {
  return RandomBytes(program->tensors[0].shape.size(), seed);
}

void ExpectReferenceOutputs(const Program& program, const PlanesExecutor& planes, uint64_t seed) {
  const auto divergence = FirstDivergence(ReferenceExecutor(program), planes, RandomImage(program, seed));
  ASSERT_TRUE(divergence.ok()) << divergence.status();
  ASSERT_FALSE(divergence->has_value()) << "seed " << seed << ": " << ToString(**divergence);
}

// Calls check(step, pixels, counted cycles) for every matrix step of one simulated image.
template <typename Check>
void ForEachCountedStep(const Program& program, uint64_t seed, Check check) {
  Workspace workspace;
  const auto result = PlanesExecutor(program).Run(RandomImage(program, seed), workspace);
  ASSERT_TRUE(result.ok()) << result.status();
  for (size_t i = 0; i < program->steps.size(); ++i) {
    const auto* step = std::get_if<array::MatrixStep>(&program->steps[i].operation);
    if (step == nullptr) continue;
    const nn::Shape& output = program->tensors[i + 1].shape;
    check(*step, int64_t{output.height} * output.width, workspace.counted_cycles[i]);
  }
}

class PlanesOfEachSet : public testing::TestWithParam<InstructionSet> {};

INSTANTIATE_TEST_SUITE_P(PlanesExecutor, PlanesOfEachSet,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512),
                         [](const auto& info) { return std::string(ToString(info.param)); });

TEST_P(PlanesOfEachSet, EqualsTheReference) {
  if (!IsSupported(GetParam())) GTEST_SKIP() << "this processor has no " << ToString(GetParam());
  const uint64_t seeds = GetParam() == BestInstructionSet() ? kManySeeds : kFewSeeds;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const Program program = CompileRandom(RandomPackedNetwork(seed));
    ASSERT_NE(program, nullptr) << "seed " << seed;
    ASSERT_NO_FATAL_FAILURE(ExpectReferenceOutputs(program, PlanesExecutor(program, GetParam()), seed));
  }
}

TEST(PlanesExecutor, EqualsTheReferenceOnArraysOfAnyShape) {
  for (const char* name : {"3x5a2-i1", "4x4a4", "4x4a4-w1", "8x8a8", "16x18a8", "16x18a8-i1", "1x1a1", "2x70a16",
                           "40x33a8-w1", "32x32a8"}) {
    for (uint64_t seed = 1000; seed < 1020; ++seed) {
      const Program program = CompileFor(name, seed);
      ASSERT_NE(program, nullptr) << "seed " << seed;
      ASSERT_NO_FATAL_FAILURE(ExpectReferenceOutputs(program, PlanesExecutor(program), seed)) << name;
    }
  }
}

TEST(PlanesExecutor, CountsTheCyclesOfTheManual) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Program program = CompileRandom(RandomPackedNetwork(seed));
    ASSERT_NE(program, nullptr) << "seed " << seed;
    ForEachCountedStep(program, seed, [&](const auto& step, int64_t pixels, const auto& counted) {
      EXPECT_EQ(counted, ManualCycles(program->config, pixels, TileShapes(step.tiles))) << "seed " << seed;
    });
  }
}

TEST(PlanesExecutor, CountsTheCyclesThatTheCompilerPredicts) {
  for (uint64_t seed = 0; seed < kManySeeds; ++seed) {
    const Program program = CompileRandom(RandomPackedNetwork(seed));
    ASSERT_NE(program, nullptr) << "seed " << seed;
    array::Cycles image;
    ForEachCountedStep(program, seed, [&](const auto& step, int64_t, const auto& counted) {
      ASSERT_EQ(counted.size(), step.tiles.size());
      array::Cycles sum;
      for (size_t j = 0; j < counted.size(); ++j) {
        EXPECT_EQ(counted[j], step.tiles[j].cycles) << "seed " << seed << ", tile " << j;
        sum += counted[j];
      }
      EXPECT_EQ(sum, step.cycles) << "seed " << seed;
      image += sum;
    });
    EXPECT_EQ(image, program->cycles) << "seed " << seed;
  }
}

TEST(PlanesExecutor, CountedCyclesAreThoseOfTheLastRun) {
  Workspace workspace;
  const Program program = CompileRandom(RandomPackedNetwork(3));
  ASSERT_NE(program, nullptr);
  ASSERT_TRUE(PlanesExecutor(program).Run(RandomImage(program, 1), workspace).ok());
  EXPECT_EQ(workspace.counted_cycles.size(), program->steps.size());
  ASSERT_TRUE(ReferenceExecutor(program).Run(RandomImage(program, 1), workspace).ok());
  EXPECT_TRUE(workspace.counted_cycles.empty());
}

// One array runs all programs' steps, one after the other; what it holds from the step
// before must not matter.
TEST(SimulatedArray, TakesNothingOverFromTheStepBefore) {
  for (const char* name : {"4x4a4", "4x4a4-i1-w1", "16x18a8-w1", "8x8a8-i1"}) {
    SimulatedArray used(*array::ParseArrayConfig(name));
    for (uint64_t seed = 0; seed < 30; ++seed) {
      const Program program = CompileFor(name, seed);
      ASSERT_NE(program, nullptr) << "seed " << seed;
      const auto* step = std::get_if<array::MatrixStep>(&program->steps[0].operation);
      if (step == nullptr) continue;
      const nn::Shape& output = program->tensors[1].shape;
      const int64_t pixels = int64_t{output.height} * output.width;
      const std::vector<uint8_t> image = RandomImage(program, seed);
      const Feeder feeder(*step, program->tensors[0], image, output, program->config);
      const std::vector<int32_t> initial(step->matrix.rows * pixels, -5);
      const SimulatedStep simulated{&step->matrix, &step->tiles, &feeder, &initial, pixels};
      const SimulatedRun run = used.Run(simulated), fresh = SimulatedArray(program->config).Run(simulated);
      EXPECT_EQ(run.sums, fresh.sums) << name << ", seed " << seed;
      EXPECT_EQ(run.cycles, fresh.cycles) << name << ", seed " << seed;
    }
  }
}

TEST(SimulatedArray, HoldsTheLastTilesWeights) {
  const array::ArrayConfig config = *array::ParseArrayConfig("3x2a2");
  array::MatrixStep step;
  step.matrix = {2, 2, {5, -6, 0, 127}, {1, 0, 0, 0}, {{0, 1}, {2}}, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}};
  step.tiles = {{0, 2, {0, 1}, {}}};
  const nn::Shape input{3, 1, 1}, output{2, 1, 1};
  const std::vector<uint8_t> bytes = {10, 20, 30};
  const Feeder feeder(step, {"image", input, 1.0, false}, bytes, output, config);
  const std::vector<int32_t> initial = {1000, -1000};
  SimulatedArray array(config);
  const SimulatedRun run = array.Run({&step.matrix, &step.tiles, &feeder, &initial, 1});
  EXPECT_THAT(run.sums, ElementsAre(1000 + 5 * 20 - 6 * 30, -1000 + 127 * 30));
  EXPECT_EQ(array.cells().Read(0, 0).weight, (WeightWord{false, 5, 1}));
  EXPECT_EQ(array.cells().Read(0, 1).weight, (WeightWord{true, 6, 0}));
  EXPECT_EQ(array.cells().Read(1, 0).weight, WeightWord{});
  EXPECT_EQ(array.cells().Read(1, 1).weight, (WeightWord{false, 127, 0}));
}

}  // namespace
}  // namespace colonnade::executors
