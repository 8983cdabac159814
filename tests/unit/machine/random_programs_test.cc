// SPDX-License-Identifier: Apache-2.0
// Lowered programs compute what the reference computes, or are refused for a reason that can be
// seen in the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "server/base/status.h"
#include "tests/unit/machine/model_run.h"

namespace colonnade::machine {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 300;
#else
constexpr uint64_t kSeeds = 4000;
#endif

// How many were refused, by field; those that ran under "".
using Counts = std::map<std::string, uint64_t>;

void Try(uint64_t seed, const RandomPackedOptions& options, Counts& counts) {
  const auto program = CompileRandom(RandomPackedNetwork(seed, options));
  ASSERT_NE(program, nullptr);
  DeviceLimits limits = AmpleLimits();
  limits.channels = 64 << seed % 3;
  const std::vector<std::string> refusals = Refusals(*program, limits);
  const auto lowered = Lower(*program, limits);
  ++counts[lowered.ok() ? "" : FieldOf(lowered.status())];
  if (!lowered.ok()) {
    EXPECT_THAT(refusals, Contains(FieldOf(lowered.status()))) << lowered.status();
    return;
  }
  EXPECT_THAT(refusals, IsEmpty());
  EXPECT_EQ(SharedBytes(*program, *lowered), "");
  MachineModel model = Loaded(*lowered);
  for (uint64_t image = 0; image < 2; ++image) {
    const auto bytes = RandomBytes(program->tensors[0].shape.size(), seed + image);
    ASSERT_EQ(FirstDifference(program, *lowered, model, bytes), "");
  }
}

Counts TryAll(uint64_t seeds, const RandomPackedOptions& options) {
  Counts counts;
  for (uint64_t seed = 0; seed < seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Try(seed, options, counts);
  }
  for (const auto& [field, count] : counts) {
    testing::Test::RecordProperty(field.empty() ? "run" : field, static_cast<int>(count));
  }
  return counts;
}

TEST(RandomPrograms, RunOnTheModelAsOnTheReference) {
  const Counts counts = TryAll(kSeeds, {.for_machine = true});
  EXPECT_GT(counts.at(""), kSeeds * 8 / 10);
}

TEST(RandomPrograms, OfAnyKindRunOrAreRefusedForWhatTheyAre) {
  const Counts counts = TryAll(kSeeds / 4, {});
  EXPECT_GT(counts.at(""), kSeeds / 4 / 20);
  for (const char* field : {"feed_rule", "array.rows", "array.alpha", "group", "count", "offset"})
    EXPECT_GT(counts.at(field), 0) << field;
}

}  // namespace
}  // namespace colonnade::machine
