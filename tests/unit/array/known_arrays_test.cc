// SPDX-License-Identifier: Apache-2.0
#include "server/array/known_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace colonnade::array {
namespace {

TEST(KnownArrays, AreValidAndDifferFromEachOther) {
  std::set<std::string> digests;
  for (const KnownArray& known : KnownArrays()) {
    EXPECT_TRUE(Check(known.config).ok()) << known.name;
    EXPECT_TRUE(digests.insert(Digest(known.config)).second) << known.name;
    EXPECT_FALSE(known.reason.empty()) << known.name;
  }
}

TEST(KnownArrays, BeginWithTheDefault) { EXPECT_EQ(KnownArrays().front().config, ArrayConfig{}); }

TEST(KnownArrays, AreUnderstoodByName) {
  for (const KnownArray& known : KnownArrays()) {
    const auto parsed = ParseArrayConfig(known.name);
    ASSERT_TRUE(parsed.ok()) << known.name;
    EXPECT_EQ(*parsed, known.config);
    EXPECT_EQ(*ParseArrayConfig(Name(known.config)), known.config);
  }
  const std::string refusal(ParseArrayConfig("huge").status().message());
  EXPECT_THAT(refusal, testing::HasSubstr("or one of: default, small"));
}

}  // namespace
}  // namespace colonnade::array
