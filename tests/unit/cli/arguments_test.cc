// SPDX-License-Identifier: Apache-2.0
#include "client/cli/arguments.h"

#include <gmock/gmock.h>

namespace colonnade::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

TEST(Arguments, NormalizationHasMeansAndDeviations) {
  const auto three = ParseNormalization("0.485,0.456,0.406/0.229,0.224,0.225");
  ASSERT_TRUE(three.ok());
  EXPECT_THAT(three->mean, ElementsAre(0.485, 0.456, 0.406));
  EXPECT_THAT(three->deviation, ElementsAre(0.229, 0.224, 0.225));
  EXPECT_THAT(ParseNormalization("-1/2")->mean, ElementsAre(-1));
}

TEST(Arguments, NormalizationIsRefusedOtherwise) {
  for (const char* text :
       {"", "/", "1", "1/", "/1", "1,2/1", "1/1/1", "1,/1,1", "a/1", "nan/1", "1/inf", "0/0", "0/-1", "1 /1"}) {
    EXPECT_EQ(ParseNormalization(text).status().field(), "--normalize") << text;
  }
}

TEST(Arguments, DurationsHaveUnits) {
  EXPECT_EQ(*ParseDuration("--retain", "2h"), std::chrono::hours(2));
  EXPECT_EQ(*ParseDuration("--retain", "1h30m"), std::chrono::minutes(90));
  EXPECT_EQ(*ParseDuration("--retain", "7d"), std::chrono::hours(168));
  EXPECT_EQ(*ParseDuration("--retain", "500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("--retain", "1.5s"), milliseconds(1500));
  EXPECT_EQ(*ParseDuration("--retain", "30"), milliseconds(30'000));
}

TEST(Arguments, DurationsAreRefusedOtherwise) {
  for (const char* text : {"", "h", "2x", "-1s", "0", "1h-30m", "1e9", "9999999999d", "2 h"}) {
    EXPECT_EQ(ParseDuration("--retain", text).status().field(), "--retain") << text;
  }
}

TEST(Arguments, RolesAreTwo) {
  EXPECT_EQ(*ParseRole("train"), client::Role::kTrain);
  EXPECT_EQ(*ParseRole("evaluation"), client::Role::kEvaluation);
  EXPECT_EQ(ParseRole("test").status().field(), "--role");
}

}  // namespace
}  // namespace colonnade::cli
