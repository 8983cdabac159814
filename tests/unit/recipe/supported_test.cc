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
  EXPECT_THAT(refusal([](auto& r) { r.mutable_privacy()->set_epsilon(1); }),
              HasSubstr("recipe.privacy: not supported; leave it out"));
}

TEST(CheckSupported, EveryCalibrationAndBiasCorrectionAreCarriedOut) {
  using Settings = v1::QuantizationSettings;
  for (const auto calibration : {Settings::MEAN_SQUARED_ERROR, Settings::MAXIMUM, Settings::PERCENTILE}) {
    v1::Recipe recipe = ResolvedRecipe();
    recipe.mutable_quantization()->set_calibration(calibration);
    recipe.mutable_quantization()->set_bias_correction(true);
    EXPECT_TRUE(CheckSupported(recipe).ok()) << calibration;
  }
}

}  // namespace
}  // namespace colonnade::recipe
