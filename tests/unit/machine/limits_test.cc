// SPDX-License-Identifier: Apache-2.0
// What a program needs is exact: a device with one less of anything is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "tests/unit/machine/model_run.h"

namespace colonnade::machine {
namespace {

using ::testing::HasSubstr;

struct Field {
  const char* name;
  int DeviceLimits::*member;
};

class Limits : public testing::TestWithParam<Field> {};

TEST_P(Limits, WhatAProgramNeedsIsEnoughAndOneLessIsRefused) {
  const auto [name, member] = GetParam();
  int refused = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const auto program = CompileRandom(RandomPackedNetwork(seed, {.for_machine = true}));
    const auto ample = Lower(*program, AmpleLimits());
    if (!ample.ok()) continue;
    DeviceLimits limits = ample->needs;
    ASSERT_TRUE(Lower(*program, limits).ok());
    if (limits.*member == 0) continue;
    limits.*member -= 1;
    const auto refusal = Lower(*program, limits);
    ASSERT_FALSE(refusal.ok());
    EXPECT_EQ(FieldOf(refusal.status()), name) << refusal.status();
    EXPECT_THAT(Message(refusal.status()), HasSubstr("step '"));
    EXPECT_THAT(Message(refusal.status()), HasSubstr("at most " + std::to_string(limits.*member)));
    ++refused;
  }
  EXPECT_GT(refused, 20);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Limits,
    testing::Values(Field{"positions", &DeviceLimits::positions}, Field{"weights", &DeviceLimits::weight_words},
                    Field{"columns", &DeviceLimits::column_words}, Field{"rows", &DeviceLimits::row_words},
                    Field{"tiles", &DeviceLimits::tile_words}, Field{"steps", &DeviceLimits::step_words},
                    Field{"taps", &DeviceLimits::tap_words}, Field{"results", &DeviceLimits::result_words},
                    Field{"pixels", &DeviceLimits::pixels}, Field{"step_tiles", &DeviceLimits::tiles}),
    [](const auto& info) { return info.param.name; });

TEST(DeviceLimits, AreThoseOfTheManualByDefault) {
  const DeviceLimits limits = DefaultLimits({});
  EXPECT_EQ(limits, DeviceLimits());
  EXPECT_EQ(limits.positions, 1024);
}

TEST(DeviceLimits, PositionsFollowTheActivationMemory) {
  array::ArrayConfig config;
  config.activation_bytes = 1 << 28;
  EXPECT_EQ(DefaultLimits(config).positions, 1 << 16);
  config.activation_bytes = 1000;
  EXPECT_EQ(DefaultLimits(config).positions, 7);
}

TEST(DeviceLimits, NoDeviceHasWordsOf24Channels) {
  const absl::Status status = Check({.channels = 24});
  EXPECT_EQ(FieldOf(status), "device.channels");
  EXPECT_THAT(Message(status), HasSubstr("24; 8, 16, 32, 64, 128 or 256"));
  EXPECT_TRUE(Check(DeviceLimits()).ok());
}

TEST(DeviceLimits, WordsAreThoseOfTheManual) {
  const array::ArrayConfig config;
  const int bits[] = {1024, 18 * 11, 96, 64, 32, 32, 176, 32};
  for (int memory = 0; memory < kMemories; ++memory) {
    EXPECT_EQ(WordBits(static_cast<MemoryId>(memory), config, {}), bits[memory]);
  }
  EXPECT_EQ(WordLength(MemoryId::kWeights, config, {}), 4);
}

}  // namespace
}  // namespace colonnade::machine
