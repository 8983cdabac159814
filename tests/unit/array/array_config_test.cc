// SPDX-License-Identifier: Apache-2.0
#include "server/array/array_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "server/base/status.h"

namespace colonnade::array {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view name) {
  const auto config = ParseArrayConfig(name);
  return config.ok() ? "" : std::string(Message(config.status()));
}

TEST(ArrayConfig, DefaultIsNamedByItsSize) { EXPECT_EQ(Name(ArrayConfig{}), "16x18a8"); }

TEST(ArrayConfig, NameListsWhatDiffersFromTheDefault) {
  const ArrayConfig config{32, 64, 4, 1, 1, nn::FeedRule::kSameRow, 65536, 4096};
  EXPECT_EQ(Name(config), "32x64a4-i1-w1-same_row-x65536-y4096");
}

TEST(ArrayConfig, ParsingInvertsName) {
  for (const int alpha : {1, 8, 16}) {
    for (const int interleave : {1, 4}) {
      for (const int buffers : {1, 2}) {
        for (const int rule : {0, 1, 2, 3}) {
          for (const int bytes : {1, 128 * 1024, 1 << 28}) {
            const ArrayConfig config{1, 256, alpha, interleave, buffers, nn::FeedRule(rule), bytes, bytes};
            const auto parsed = ParseArrayConfig(Name(config));
            ASSERT_TRUE(parsed.ok()) << parsed.status();
            EXPECT_EQ(*parsed, config);
          }
        }
      }
    }
  }
}

TEST(ArrayConfig, DefaultsMayBeSpelledOut) {
  EXPECT_EQ(*ParseArrayConfig("16x18a8-i4-w2-same_tap-x131072-y524288"), ArrayConfig{});
}

TEST(ArrayConfig, RefusesOutOfRangeFieldsByName) {
  EXPECT_THAT(ErrorOf("0x18a8"), HasSubstr("array.rows: 0 is out of range; 1 to 256"));
  EXPECT_THAT(ErrorOf("257x18a8"), HasSubstr("array.rows: 257"));
  EXPECT_THAT(ErrorOf("16x0a8"), HasSubstr("array.columns: 0"));
  EXPECT_THAT(ErrorOf("16x18a17"), HasSubstr("array.alpha: 17 is out of range; 1 to 16"));
  EXPECT_THAT(ErrorOf("16x18a0"), HasSubstr("array.alpha: 0"));
  EXPECT_THAT(ErrorOf("16x18a8-i2"), HasSubstr("array.interleave: 2 is not supported; 1 or 4"));
  EXPECT_THAT(ErrorOf("16x18a8-w3"), HasSubstr("array.weight_buffers: 3"));
  EXPECT_THAT(ErrorOf("16x18a8-x0"), HasSubstr("array.activation_bytes: 0"));
  EXPECT_THAT(ErrorOf("16x18a8-y300000000"), HasSubstr("array.weight_bytes"));
}

TEST(ArrayConfig, RefusesMalformedNamesWithTheRest) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("'' is not understood"));
  EXPECT_THAT(ErrorOf("16"), HasSubstr("16x18a8"));
  EXPECT_THAT(ErrorOf("16x18"), HasSubstr("not understood"));
  EXPECT_THAT(ErrorOf("-16x18a8"), HasSubstr("not understood"));
  EXPECT_THAT(ErrorOf("16x18a8-every"), HasSubstr("from '-every' on"));
  EXPECT_THAT(ErrorOf("16x18a8-w1-i1"), HasSubstr("from '-i1' on"));
  EXPECT_THAT(ErrorOf("16x18a8 "), HasSubstr("from ' ' on"));
  EXPECT_THAT(ErrorOf("99999999999x18a8"), HasSubstr("not understood"));
}

TEST(ArrayConfig, DigestTellsEveryFieldApart) {
  const ArrayConfig base;
  std::set<std::string> digests = {Digest(base)};
  const std::vector<ArrayConfig> others = {{17},
                                           {16, 19},
                                           {16, 18, 7},
                                           {16, 18, 8, 1},
                                           {16, 18, 8, 4, 1},
                                           {16, 18, 8, 4, 2, nn::FeedRule::kAny},
                                           {16, 18, 8, 4, 2, nn::FeedRule::kSameTap, 1},
                                           {16, 18, 8, 4, 2, nn::FeedRule::kSameTap, 128 * 1024, 1}};
  for (const ArrayConfig& other : others) digests.insert(Digest(other));
  EXPECT_EQ(digests.size(), 1 + others.size());
}

// Artifacts and devices carry it, so it may never change.
TEST(ArrayConfig, DigestIsStable) { EXPECT_EQ(Digest(ArrayConfig{}), "bba32fe9a88a0421"); }

}  // namespace
}  // namespace colonnade::array
