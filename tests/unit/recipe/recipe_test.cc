// SPDX-License-Identifier: Apache-2.0
#include "server/recipe/recipe.h"

#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/message_differencer.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/status.h"

namespace colonnade::recipe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

constexpr int kArrayAlpha = 8;

v1::Recipe Resolved(const v1::Recipe& recipe = {}, int array_alpha = kArrayAlpha) {
  const auto resolved = Resolve(recipe, array_alpha);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? *resolved : v1::Recipe();
}

// The error of a recipe that `change` spoils.
std::string Refusal(const std::function<void(v1::Recipe&)>& change) {
  v1::Recipe recipe;
  change(recipe);
  const auto resolved = Resolve(recipe, kArrayAlpha);
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(colonnade::Message(resolved.status()));
}

bool IsSet(const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  if (field.type() == FieldDescriptor::TYPE_ENUM) return reflection->GetEnumValue(message, &field) != 0;
  return reflection->HasField(message, &field);
}

// Names of the optional numbers and enums that nobody has set.
std::vector<std::string> Unset(const Message& message) {
  std::vector<std::string> names;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const bool has_default = field.has_optional_keyword() || field.type() == FieldDescriptor::TYPE_ENUM;
    if (has_default && !IsSet(message, field)) names.push_back(field.full_name());
  }
  return names;
}

TEST(Recipe, AResolvedRecipeHasEveryFieldSet) {
  const v1::Recipe recipe = Resolved();
  EXPECT_THAT(Unset(recipe.packing()), testing::IsEmpty());
  EXPECT_THAT(Unset(recipe.training()), testing::IsEmpty());
  EXPECT_THAT(Unset(recipe.quantization()), testing::IsEmpty());
  EXPECT_FALSE(recipe.has_privacy());
}

TEST(Recipe, AResolvedRecipeIsAFixedPoint) {
  v1::Recipe recipe;
  recipe.mutable_packing()->set_alpha(4);
  recipe.mutable_packing()->add_layers()->set_pattern("conv*");
  recipe.mutable_training()->set_seed(std::numeric_limits<int64_t>::min());
  const v1::Recipe once = Resolved(recipe);
  EXPECT_TRUE(MessageDifferencer::Equals(Resolved(once), once));
  EXPECT_EQ(once.training().seed(), std::numeric_limits<int64_t>::min());
}

TEST(Recipe, DefaultsAreTheDocumentedOnes) {
  const v1::Recipe recipe = Resolved();
  EXPECT_EQ(recipe.packing().alpha(), 8);
  EXPECT_EQ(recipe.packing().gamma(), 1.75);
  EXPECT_EQ(recipe.packing().final_gamma(), 7);
  EXPECT_EQ(recipe.packing().grouping(), v1::PackingSettings::SEARCH);
  EXPECT_TRUE(recipe.packing().compensate());
  EXPECT_EQ(recipe.training().rounds(), 1);
  EXPECT_EQ(recipe.training().epochs_per_round(), 3);
  EXPECT_EQ(recipe.training().final_epochs(), 120);
  EXPECT_EQ(recipe.training().learning_rate(), 0.01);
  EXPECT_EQ(recipe.training().mix(), 1);
  EXPECT_EQ(recipe.training().threads(), 0);
  EXPECT_EQ(recipe.quantization().calibration(), v1::QuantizationSettings::MEAN_SQUARED_ERROR);
  EXPECT_FALSE(recipe.quantization().bias_correction());
  EXPECT_EQ(recipe.quantization().percentile(), 99.99);
  EXPECT_EQ(recipe.quantization().input_type(), v1::QuantizationSettings::FP32);
}

TEST(Recipe, DefaultsFollowAlphaAndArray) {
  v1::Recipe recipe;
  EXPECT_EQ(Resolved(recipe, 4).packing().alpha(), 4);
  recipe.mutable_packing()->set_alpha(3);
  EXPECT_EQ(Resolved(recipe).packing().final_gamma(), 2);
}

TEST(Recipe, WhatIsSetStays) {
  v1::Recipe recipe;
  recipe.mutable_packing()->set_gamma(0);
  recipe.mutable_training()->set_final_epochs(0);
  recipe.mutable_training()->set_mode(v1::TrainingSettings::TEACHER);
  const v1::Recipe resolved = Resolved(recipe);
  EXPECT_EQ(resolved.packing().gamma(), 0);
  EXPECT_EQ(resolved.training().final_epochs(), 0);
  EXPECT_EQ(resolved.training().mode(), v1::TrainingSettings::TEACHER);
}

TEST(Recipe, RefusesNumbersOutOfRange) {
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->set_alpha(0); }),
            "recipe.packing.alpha: 0 is not within 1 to 8");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->set_alpha(9); }),
            "recipe.packing.alpha: 9 is not within 1 to 8");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->set_gamma(-0.5); }),
            "recipe.packing.gamma: -0.5 is not within 0 to 15");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_training()->set_final_epochs(1000000000); }),
            "recipe.training.final_epochs: 1000000000 is not within 0 to 10000");
}

TEST(Recipe, OpenBoundsAreNoValues) {
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_quantization()->set_percentile(50); }),
            "recipe.quantization.percentile: 50 is not above 50 and at most 100");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_quantization()->set_percentile(100.5); }),
            "recipe.quantization.percentile: 100.5 is not above 50 and at most 100");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_training()->set_learning_rate(0); }),
            "recipe.training.learning_rate: 0 is not above 0 and at most 10");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_training()->set_momentum(1); }),
            "recipe.training.momentum: 1 is not at least 0 and below 1");
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->set_max_tiles(0); }),
            "recipe.packing.max_tiles: 0 is not at least 1");
}

TEST(Recipe, RefusesNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Refusal([=](auto& r) { r.mutable_packing()->set_gamma(nan); }),
            "recipe.packing.gamma: nan is not within 0 to 15");
  EXPECT_THAT(Refusal([=](auto& r) { r.mutable_training()->set_weight_decay(nan); }), HasSubstr("weight_decay: nan"));
}

TEST(Recipe, PrivacyHasNoDefaults) {
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_privacy(); }), "recipe.privacy.epsilon: 0 is not above 0");
  EXPECT_EQ(Refusal([](auto& r) {
              r.mutable_privacy()->set_epsilon(1);
              r.mutable_privacy()->set_delta(1);
            }),
            "recipe.privacy.delta: 1 is not above 0 and below 1");
}

TEST(Recipe, RefusesUnknownChoices) {
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->set_grouping(v1::PackingSettings::Grouping(7)); }),
            "recipe.packing.grouping: 7 is not one of DENSE_FIRST, PUBLISHED, SEARCH");
}

TEST(Recipe, RefusesUnknownFieldsAnywhere) {
  const auto add = [](Message* message) {
    message->GetReflection()->MutableUnknownFields(message)->AddVarint(99, 1);
  };
  EXPECT_EQ(Refusal([&](auto& r) { add(&r); }), "recipe: has no field 99");
  EXPECT_EQ(Refusal([&](auto& r) { add(r.mutable_training()); }), "recipe.training: has no field 99");
  EXPECT_EQ(Refusal([&](auto& r) {
              r.mutable_packing()->add_layers();
              add(r.mutable_packing()->add_layers());
            }),
            "recipe.packing.layers[1]: has no field 99");
}

TEST(Recipe, ChecksLayerOverrides) {
  EXPECT_EQ(Refusal([](auto& r) { r.mutable_packing()->add_layers(); }),
            "recipe.packing.layers[0].pattern: 0 characters; must be 1 to 256");
  EXPECT_THAT(Refusal([](auto& r) { r.mutable_packing()->add_layers()->set_pattern(std::string(257, 'x')); }),
              HasSubstr("257 characters"));
  EXPECT_EQ(Refusal([](auto& r) {
              r.mutable_packing()->add_layers()->set_pattern("*");
              r.mutable_packing()->mutable_layers(0)->set_alpha(9);
            }),
            "recipe.packing.layers[0].alpha: 9 is not within 1 to 8");
  EXPECT_THAT(Refusal([](auto& r) {
                for (int i = 0; i < 1001; ++i) r.mutable_packing()->add_layers()->set_pattern("*");
              }),
              HasSubstr("recipe.packing.layers: 1001 is not within 0 to 1000"));
}

TEST(Recipe, ErrorsCarryTheField) {
  v1::Recipe recipe;
  recipe.mutable_quantization()->set_images(0);
  EXPECT_EQ(FieldOf(Resolve(recipe, kArrayAlpha).status()), "recipe.quantization.images");
}

}  // namespace
}  // namespace colonnade::recipe
