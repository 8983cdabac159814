// SPDX-License-Identifier: Apache-2.0
#include "server/serving/model_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "tests/unit/serving/fakes.h"

namespace colonnade::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelManagerTest : public ::testing::Test {
 protected:
  absl::StatusOr<SharedModel> Load(const CatalogEntry& entry) {
    ++loads_;
    if (broken_) return absl::DataLossError("digest differs");
    return std::make_shared<FakeModel>(entry.name, entry.version);
  }

  int64_t Serve(const std::string& name, std::optional<int64_t> version = {}) {
    const auto model = manager_.Get({"default", name, version});
    return model.ok() ? (*model)->info().version : -1;
  }

  FakeCatalog catalog_;
  std::atomic<int> loads_ = 0;
  bool broken_ = false;
  ModelManager manager_{catalog_, [this](const CatalogEntry& entry) { return Load(entry); }, 2};
};

TEST_F(ModelManagerTest, ServesTheNewestUnlessAVersionIsGiven) {
  catalog_.Publish("default", "a", 1);
  catalog_.Publish("default", "a", 2);
  EXPECT_EQ(Serve("a"), 2);
  EXPECT_EQ(Serve("a", 1), 1);
  EXPECT_THAT(*manager_.Versions("default", "a"), ElementsAre(2, 1));
}

TEST_F(ModelManagerTest, LoadsOnce) {
  catalog_.Publish("default", "a", 1);
  Serve("a");
  Serve("a");
  EXPECT_EQ(loads_, 1);
}

TEST_F(ModelManagerTest, UnknownNamesAndVersionsAreNotFound) {
  catalog_.Publish("default", "a", 3);
  const auto name = manager_.Get({"default", "b", {}}).status();
  EXPECT_EQ(name.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(name)), HasSubstr("Request for unknown model: 'b'"));
  EXPECT_EQ(DetailsOf(name).resource_name, "b");
  const auto version = manager_.Get({"default", "a", 9}).status();
  EXPECT_EQ(version.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(version)), HasSubstr("no version 9; the newest is 3"));
}

TEST_F(ModelManagerTest, AnotherTenantsArtifactDoesNotExist) {
  catalog_.Publish("other", "a", 1);
  EXPECT_EQ(Serve("a"), -1);
}

TEST_F(ModelManagerTest, PublishedAtOnceAndGoneAtOnce) {
  catalog_.Publish("default", "a", 1);
  EXPECT_EQ(Serve("a"), 1);
  catalog_.Publish("default", "a", 2);
  EXPECT_EQ(Serve("a"), 2);
  catalog_.Delete("default", "a");
  EXPECT_EQ(Serve("a"), -1);
}

TEST_F(ModelManagerTest, AVersionUsedAgainIsLoadedAgain) {
  catalog_.Publish("default", "a", 1, "old");
  Serve("a");
  catalog_.Delete("default", "a");
  catalog_.Publish("default", "a", 1, "new");
  Serve("a");
  EXPECT_EQ(loads_, 2);
}

TEST_F(ModelManagerTest, TheLongestUnusedMakesRoom) {
  for (const char* name : {"a", "b", "c"}) catalog_.Publish("default", name, 1);
  Serve("a"), Serve("b"), Serve("a"), Serve("c");
  EXPECT_EQ(manager_.loaded(), 2u);
  EXPECT_EQ(loads_, 3);
  Serve("a");
  EXPECT_EQ(loads_, 3);
  Serve("b");
  EXPECT_EQ(loads_, 4);
}

TEST_F(ModelManagerTest, AModelInUseOutlivesItsPlace) {
  for (const char* name : {"a", "b", "c"}) catalog_.Publish("default", name, 1);
  const SharedModel held = *manager_.Get({"default", "a", {}});
  Serve("b"), Serve("c");
  EXPECT_EQ(held->info().name, "a");
}

TEST_F(ModelManagerTest, AFailedLoadIsTriedAgain) {
  catalog_.Publish("default", "a", 1);
  broken_ = true;
  const auto status = manager_.Get({"default", "a", {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("failed to load"));
  broken_ = false;
  EXPECT_EQ(Serve("a"), 1);
}

TEST(ModelManager, ConcurrentRequestsShareOneLoad) {
  FakeCatalog catalog;
  catalog.Publish("default", "a", 1);
  std::atomic<int> loads = 0;
  std::latch loading(1), go(1);
  ModelManager manager(catalog, [&](const CatalogEntry& entry) -> absl::StatusOr<SharedModel> {
    ++loads;
    loading.count_down();
    go.wait();
    return std::make_shared<FakeModel>(entry.name, entry.version);
  }, 1);
  std::thread first([&] { EXPECT_TRUE(manager.Get({"default", "a", {}}).ok()); });
  loading.wait();
  std::thread second([&] { EXPECT_TRUE(manager.Get({"default", "a", {}}).ok()); });
  go.count_down();
  first.join();
  second.join();
  EXPECT_EQ(loads, 1);
}

}  // namespace
}  // namespace colonnade::serving
