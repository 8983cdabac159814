// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace colonnade::jobs {
namespace {

v1::PageRequest Ask(int size, const std::string& token = "") {
  v1::PageRequest request;
  request.set_page_size(size);
  request.set_page_token(token);
  return request;
}

TEST(Page, DefaultsToAHundred) {
  EXPECT_EQ(ReadPage(Ask(0))->limit, 100);
  EXPECT_EQ(ReadPage(Ask(1000))->limit, 1000);
}

TEST(Page, RefusesSizesOutOfRange) {
  EXPECT_EQ(ReadPage(Ask(-1)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPage(Ask(1001)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Page, RefusesTokensThatAreNotOurs) {
  EXPECT_EQ(ReadPage(Ask(1, "net")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPage(Ask(1, "****")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Page, ContinuesAfterTheLastKey) { EXPECT_EQ(ReadPage(Ask(1, PageToken("net/3")))->after, "net/3");
  EXPECT_EQ(ReadPage(Ask(1, PageToken("17")))->after_number(), 17);
  EXPECT_EQ(ReadPage(Ask(1))->after_number(), 0); }

TEST(Page, CutsToSizeAndNamesTheNext) {
  std::vector<std::string> results = {"a", "b", "c"};
  const auto identity = [](const std::string& key) { return key; };
  EXPECT_EQ(CutToPage(Page{2, ""}, results, identity), PageToken("b"));
  EXPECT_THAT(results, testing::ElementsAre("a", "b"));
  EXPECT_EQ(CutToPage(Page{2, ""}, results, identity), "");
}

}  // namespace
}  // namespace colonnade::jobs
