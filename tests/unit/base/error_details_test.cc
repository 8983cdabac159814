// SPDX-License-Identifier: Apache-2.0
#include "server/base/error_details.h"

#include <gtest/gtest.h>

#include "server/base/status.h"

namespace colonnade {
namespace {

TEST(ErrorDetails, OfAPlainStatusAreEmpty) {
  const ErrorDetails details = DetailsOf(absl::InternalError("disk"));
  EXPECT_TRUE(details.field.empty() && details.resource_type.empty() && details.quota.empty());
  EXPECT_FALSE(details.retry);
}

TEST(ErrorDetails, MissingResourceNamesTypeAndName) {
  const absl::Status status = MissingResource("model", "resnet20");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Message(status), "model 'resnet20' does not exist");
  EXPECT_EQ(DetailsOf(status).resource_type, "model");
  EXPECT_EQ(DetailsOf(status).resource_name, "resnet20");
}

TEST(ErrorDetails, SurviveAnnotation) {
  const absl::Status status =
      WithRetry(WithQuota(absl::ResourceExhaustedError("full"), "source:digits"), absl::Milliseconds(250));
  const ErrorDetails details = DetailsOf(Annotate(status, "upload"));
  EXPECT_EQ(details.quota, "source:digits");
  EXPECT_EQ(details.retry, absl::Milliseconds(250));
}

TEST(ErrorDetails, CarryTheFieldOfInvalidField) {
  EXPECT_EQ(DetailsOf(InvalidField("recipe.alpha", "9 is above 8")).field, "recipe.alpha");
}

}  // namespace
}  // namespace colonnade
