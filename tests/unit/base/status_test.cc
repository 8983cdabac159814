// SPDX-License-Identifier: Apache-2.0
#include "server/base/status.h"

#include <gtest/gtest.h>

namespace colonnade {
namespace {

TEST(StatusTest, InvalidFieldCarriesItsFieldApartFromTheMessage) {
  const absl::Status status = InvalidField("recipe.alpha", "0; 1 to 8");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "recipe.alpha: 0; 1 to 8");
  EXPECT_EQ(FieldOf(status), "recipe.alpha");
}

TEST(StatusTest, OtherStatusesHaveNoField) {
  EXPECT_EQ(FieldOf(absl::NotFoundError("x")), "");
}

TEST(StatusTest, AnnotateKeepsCodeAndField) {
  const absl::Status status = Annotate(InvalidField("a", "b"), "reading");
  EXPECT_EQ(status.message(), "reading: a: b");
  EXPECT_EQ(FieldOf(status), "a");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  COLONNADE_ASSIGN_OR_RETURN(int half, Half(n));
  COLONNADE_ASSIGN_OR_RETURN(half, Half(half));
  return half;
}

TEST(StatusTest, AssignOrReturnPassesValuesAndErrors) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
}

}  // namespace
}  // namespace colonnade
