// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/energy.h"

#include <gtest/gtest.h>

#include "server/compiler/compile.h"
#include "tests/support/random_packed.h"

namespace colonnade::compiler {
namespace {

// Two filters of three inputs, one weight zero, on one pixel.
array::ArrayProgram Small(const char* config) {
  quant::QuantizedNetwork network{"in", "out", {}, {}};
  network.tensors = {{"in", {3, 1, 1}, 1.0, false}, {"out", {2, 1, 1}, 1.0, false}};
  quant::MatrixLayer layer;
  layer.weights = {2, 3, {1, 2, 0, 3, 4, 5}, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}};
  layer.bias = {0, 0};
  layer.shift = {0, 0};
  layer.source = "fc";
  network.layers = {{"fc", layer}};
  auto program = CompileDense(network, *array::ParseArrayConfig(config));
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

TEST(Energy, CountsByHand) {
  const array::ArrayProgram program = Small("2x2a1");
  const Energy energy = ModelEnergy(program, {"unit", 1, 1, 0, 1, 1, 1});
  EXPECT_EQ(energy.multiply_adds, 5);
  EXPECT_EQ(energy.registers, 0);
  EXPECT_EQ(energy.activations, 3 + 2);              // three columns, two outputs
  EXPECT_EQ(energy.weights, 6);                      // alpha 1 has no lane to choose
  EXPECT_EQ(energy.accumulators, 2 * 4 * 2);         // two rows go from tile to tile
  EXPECT_EQ(energy.total(), 5 + 5 + 6 + 16);
}

TEST(Energy, RegistersAreClockedInEveryCycleOfEveryCell) {
  const array::ArrayProgram program = Small("2x2a8-i1-w1");
  // 8 lanes, 8 + 3 bits of weight, 6 + 6 of multiplier, carry and result.
  EXPECT_EQ(RegisterBits(program.config), 8 + 11 + 12 + 2);
  const Energy energy = ModelEnergy(program, {"unit", 1, 0, 1, 0, 0, 0});
  EXPECT_EQ(energy.total(), double(program.cycles.total() * 4 * (8 + 11 + 12 + 2)));
}

TEST(Energy, PackingSavesEveryComponentButTheArithmetic) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed);
    const auto packed = Compile(random.network, random.groupings, random.config);
    const auto dense = CompileDense(random.network, random.config);
    ASSERT_TRUE(packed.ok() && dense.ok());
    const Energy less = ModelEnergy(*packed), more = ModelEnergy(*dense);
    EXPECT_EQ(less.multiply_adds, more.multiply_adds) << "seed " << seed;
    EXPECT_LE(less.registers, more.registers) << "seed " << seed;
    EXPECT_LE(less.weights, more.weights) << "seed " << seed;
  }
}

}  // namespace
}  // namespace colonnade::compiler
