// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/records.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ParseRecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    file_.mutable_shape()->set_channels(2);
    file_.mutable_shape()->set_height(1);
    file_.mutable_shape()->set_width(2);
    file_.set_records(2);
    file_.set_classes(300);
  }

  // Labels 259 and none.
  std::string bytes_{"\x03\x01\x00\x00\x01\x02\x03\x04\xff\xff\xff\xff\x05\x06\x07\xfe", 16};
  worker::v1::DataFile file_;
};

TEST_F(ParseRecordsTest, ReadsLabelsAndPixels) {
  const auto samples = ParseRecords(bytes_, file_);
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_THAT(samples->labels, ElementsAre(259, training::kUnlabelled));
  EXPECT_THAT(samples->pixels, ElementsAre(1, 2, 3, 4, 5, 6, 7, 254));
  EXPECT_EQ(samples->shape, (nn::Shape{2, 1, 2}));
  EXPECT_THAT(samples->mean, ElementsAre(0, 0));
  EXPECT_THAT(samples->deviation, ElementsAre(1, 1));
}

TEST_F(ParseRecordsTest, OneNormalizationHoldsForAllChannels) {
  file_.mutable_normalization()->add_mean(0.5);
  file_.mutable_normalization()->add_deviation(0.25);
  const auto samples = ParseRecords(bytes_, file_);
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_THAT(samples->mean, ElementsAre(0.5, 0.5));
  EXPECT_THAT(samples->deviation, ElementsAre(0.25, 0.25));
}

TEST_F(ParseRecordsTest, RefusesAnotherLength) {
  bytes_.pop_back();
  EXPECT_THAT(ParseRecords(bytes_, file_).status().ToString(), HasSubstr("15 bytes; 2 records have 16"));
}

TEST_F(ParseRecordsTest, RefusesALabelWithoutQuotingIt) {
  file_.set_classes(259);
  const std::string message = ParseRecords(bytes_, file_).status().ToString();
  EXPECT_THAT(message, HasSubstr("a label is not below its 259 classes"));
}

}  // namespace
}  // namespace colonnade::pipeline
