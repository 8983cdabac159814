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
  EXPECT_THAT(refusal([](auto& r) { r.mutable_quantization()->set_bias_correction(true); }),
              HasSubstr("recipe.quantization.bias_correction: not supported; leave it out"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_quantization()->set_calibration(v1::QuantizationSettings::PERCENTILE); }),
              HasSubstr("recipe.quantization.calibration"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_privacy()->set_epsilon(1); }), HasSubstr("recipe.privacy"));
}

}  // namespace
}  // namespace colonnade::recipe
