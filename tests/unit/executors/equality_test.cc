// SPDX-License-Identifier: Apache-2.0
// All executors compute the same integers: the unpacked network's.
#include <gtest/gtest.h>

#include "server/compiler/compile.h"
#include "server/executors/kernels.h"
#include "server/executors/lockstep.h"
#include "server/executors/reference.h"
#include "server/quant/reference_network.h"
#include "tests/support/random_packed.h"
#include "tests/unit/executors/seeds.h"

namespace colonnade::executors {
namespace {

using Program = std::shared_ptr<const array::ArrayProgram>;

Program CompileRandom(const RandomPacked& random) {
  auto program = compiler::Compile(random.network, random.groupings, random.config);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? std::make_shared<const array::ArrayProgram>(*std::move(program)) : nullptr;
}

void ExpectEqual(const ArrayExecutor& expected, const ArrayExecutor& actual, uint64_t seed) {
  const auto image = RandomBytes(expected.program().tensors[0].shape.size(), seed);
  const auto divergence = FirstDivergence(expected, actual, image);
  ASSERT_TRUE(divergence.ok()) << divergence.status();
  EXPECT_FALSE(divergence->has_value()) << "seed " << seed << ": " << ToString(**divergence);
}

class Equality : public testing::TestWithParam<InstructionSet> {};

TEST_P(Equality, KernelsEqualTheReference) {
  if (!IsSupported(GetParam())) GTEST_SKIP() << "this processor has no " << ToString(GetParam());
  for (uint64_t seed = 0; seed < kManySeeds; ++seed) {
    const Program program = CompileRandom(RandomPackedNetwork(seed));
    ASSERT_NE(program, nullptr) << "seed " << seed;
    ExpectEqual(ReferenceExecutor(program), KernelsExecutor(program, GetParam()), seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Equality,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2,
                                         InstructionSet::kAvx512),
                         [](const auto& info) { return std::string(ToString(info.param)); });

TEST(Equality, TheReferenceEqualsTheIntegerNetwork) {
  for (uint64_t seed = 0; seed < kFewSeeds; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed);
    const Program program = CompileRandom(random);
    ASSERT_NE(program, nullptr) << "seed " << seed;
    const auto image = RandomBytes(program->tensors[0].shape.size(), seed);
    Workspace workspace;
    const auto result = ReferenceExecutor(program).Run(image, workspace);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, quant::RunQuantized(random.network, image)) << "seed " << seed;
  }
}

TEST(Equality, PackedEqualsUnpacked) {
  for (uint64_t seed = 0; seed < kFewSeeds; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed);
    auto dense = compiler::CompileDense(random.network, random.config);
    ASSERT_TRUE(dense.ok()) << dense.status();
    const Program program = CompileRandom(random);
    ASSERT_NE(program, nullptr) << "seed " << seed;
    ExpectEqual(KernelsExecutor(program),
                KernelsExecutor(std::make_shared<const array::ArrayProgram>(*std::move(dense))), seed);
  }
}

TEST(Equality, WorkspacesMayChangeHands) {
  Workspace workspace;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Program program = CompileRandom(RandomPackedNetwork(seed));
    ASSERT_NE(program, nullptr) << "seed " << seed;
    const auto image = RandomBytes(program->tensors[0].shape.size(), seed);
    Workspace fresh;
    const auto expected = ReferenceExecutor(program).Run(image, fresh);
    EXPECT_EQ(*KernelsExecutor(program).Run(image, workspace), *expected);
    EXPECT_EQ(*ReferenceExecutor(program).Run(image, workspace), *expected);
  }
}

}  // namespace
}  // namespace colonnade::executors
