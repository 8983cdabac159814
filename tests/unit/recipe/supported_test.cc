// SPDX-License-Identifier: Apache-2.0
#include "server/recipe/supported.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/recipes.h"

namespace colonnade::recipe {
namespace {

using ::testing::HasSubstr;

TEST(CheckSupported, NamesWhatIsNotCarriedOut) {
  EXPECT_TRUE(CheckSupported(ResolvedRecipe()).ok());
  const auto refusal = [](auto change) {
    v1::Recipe recipe = ResolvedRecipe();
    change(recipe);
    const absl::Status status = CheckSupported(recipe);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    return status.ToString();
  };
  EXPECT_THAT(refusal([](auto& r) { r.mutable_packing()->set_grouping(v1::PackingSettings::SEARCH); }),
              HasSubstr("recipe.packing.grouping: not supported; use DENSE_FIRST"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_packing()->set_max_tiles(3); }), HasSubstr("recipe.packing.allocation"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_privacy()->set_epsilon(1); }), HasSubstr("recipe.privacy"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_training()->set_mode(v1::TrainingSettings::DATA_FREE); }),
              HasSubstr("recipe.training.mode"));
}

}  // namespace
}  // namespace colonnade::recipe
