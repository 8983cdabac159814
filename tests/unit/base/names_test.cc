// SPDX-License-Identifier: Apache-2.0
#include "server/base/names.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/status.h"

namespace colonnade {
namespace {

TEST(Names, AllowLettersDigitsAndInnerPunctuation) {
  for (const char* name : {"a", "7", "resnet20", "cifar-10", "a.b_c-d", "0-9"}) EXPECT_TRUE(IsName(name)) << name;
  EXPECT_TRUE(IsName(std::string(64, 'x')));
}

TEST(Names, RefuseEverythingElse) {
  for (const char* name : {"", "A", "-a", "a-", ".a", "a/b", "a b", "..", "a\n", "\xc3\xa9"}) {
    EXPECT_FALSE(IsName(name)) << name;
  }
  EXPECT_FALSE(IsName(std::string(65, 'x')));
}

TEST(Names, RefusalNamesFieldAndRule) {
  const absl::Status status = CheckName("model", "No");
  EXPECT_EQ(FieldOf(status), "model");
  EXPECT_EQ(Message(status).substr(0, 25), "model: 'No' is not a name");
}

}  // namespace
}  // namespace colonnade
