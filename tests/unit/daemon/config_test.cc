// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "server/base/status.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() : file_(std::filesystem::temp_directory_path() / fmt_name()) {}
  ~ConfigTest() override { std::filesystem::remove(file_); }

  static std::string fmt_name() { return "colonnade_config_" + std::to_string(::getpid()) + ".yaml"; }

  absl::StatusOr<Invocation> Load(std::vector<const char*> flags) const {
    flags.insert(flags.begin(), "colonnaded");
    return LoadConfig(int(flags.size()), flags.data(), [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    });
  }

  Config Loaded(std::vector<const char*> flags) const {
    auto invocation = Load(std::move(flags));
    EXPECT_TRUE(invocation.ok()) << invocation.status();
    return invocation.ok() ? invocation->config : Config();
  }

  std::string Refusal(std::vector<const char*> flags) const {
    const auto invocation = Load(std::move(flags));
    EXPECT_FALSE(invocation.ok());
    return std::string(Message(invocation.status()));
  }

  const char* File(std::string_view text) {
    std::ofstream(file_) << text;
    return file_.c_str();
  }

  std::map<std::string, std::string> environment_;
  const std::filesystem::path file_;
};

TEST_F(ConfigTest, DefaultsNeedOnlyTheStateFolder) {
  const Config config = Loaded({"--state", "/s"});
  EXPECT_EQ(config.state, "/s");
  EXPECT_EQ(config.listen.at(0).ToString(), "127.0.0.1:8500");
  EXPECT_EQ(config.data_ceiling, 0.1);
  EXPECT_EQ(std::filesystem::path(config.worker).filename(), "colonnade-worker");
  EXPECT_FALSE(config.insecure);
}

TEST_F(ConfigTest, FlagWinsOverEnvironmentOverFile) {
  const char* file = File("state: /file\njobs: 2\nlog_level: debug\n");
  environment_ = {{"COLONNADE_JOBS", "3"}, {"COLONNADE_STATE", "/environment"}, {"COLONNADE_CONFIG", file}};
  const Config config = Loaded({"--jobs", "4"});
  EXPECT_EQ(config.jobs, 4);
  EXPECT_EQ(config.state, "/environment");
  EXPECT_EQ(config.log_level, "debug");
}

TEST_F(ConfigTest, ListenTakesSeveralFromEachPlace) {
  EXPECT_EQ(Loaded({"--state", "/s", "--listen", "unix:/a", "--listen", "localhost:0"}).listen.size(), 2u);
  environment_ = {{"COLONNADE_LISTEN", "unix:/a,127.0.0.1:1,[::1]:2"}};
  EXPECT_EQ(Loaded({"--state", "/s"}).listen.at(2).ToString(), "[::1]:2");
  environment_.clear();
  EXPECT_EQ(Loaded({"--config", File("state: /s\nlisten: [unix:/a, 127.0.0.1:1]\n")}).listen.size(), 2u);
}

TEST_F(ConfigTest, OtherHostsNeedInsecure) {
  EXPECT_THAT(Refusal({"--state", "/s", "--listen", "0.0.0.0:8500"}), HasSubstr("add --insecure"));
  EXPECT_TRUE(Loaded({"--state", "/s", "--listen", "0.0.0.0:8500", "--insecure"}).insecure);
  environment_ = {{"COLONNADE_INSECURE", "1"}};
  EXPECT_TRUE(Loaded({"--state", "/s", "--listen", "[::]:8500"}).insecure);
}

TEST_F(ConfigTest, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_THAT(Refusal({"--state", "/s", "--data-celing", "0.2"}), HasSubstr("nearest is --data-ceiling"));
  EXPECT_THAT(Refusal({"--config", File("state: /s\nlog_levle: info\n")}), HasSubstr("nearest is log_level"));
}

TEST_F(ConfigTest, WrongValuesNameTheirPlaceAndTheRange) {
  EXPECT_THAT(Refusal({}), HasSubstr("--state: required"));
  EXPECT_THAT(Refusal({"--state", "/s", "--jobs", "65"}), HasSubstr("--jobs: '65' is not a number from 1 to 64"));
  EXPECT_THAT(Refusal({"--state", "/s", "--jobs", "2x"}), HasSubstr("'2x'"));
  environment_ = {{"COLONNADE_DATA_CEILING", "0"}};
  EXPECT_THAT(Refusal({"--state", "/s"}), HasSubstr("COLONNADE_DATA_CEILING: must be above 0"));
  environment_.clear();
  EXPECT_THAT(Refusal({"--config", File("state: /s\nlog_level: loud\n")}), HasSubstr("'loud' is none of debug"));
  EXPECT_THAT(Refusal({"--config", File("state: {a: 1}\n")}), HasSubstr("must be a value"));
  EXPECT_THAT(Refusal({"--config", File("state: [\n")}), HasSubstr(file_.string()));
  EXPECT_THAT(Refusal({"--config", "/nowhere.yaml"}), HasSubstr("cannot be read"));
  EXPECT_THAT(Refusal({"--state", "/s", "--metrics", "unix:/m"}), HasSubstr("HOST:PORT"));
}

TEST_F(ConfigTest, HelpAndVersionOnlyPrint) {
  EXPECT_THAT(Load({"--help"})->text, HasSubstr("--data-ceiling FRACTION"));
  EXPECT_THAT(Load({"--version"})->text, HasSubstr("colonnaded " COLONNADE_VERSION));
}

TEST(Endpoint, OnlyLoopbackAddressesAndLocalhostAreLocal) {
  for (const char* text : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1", "unix:/a"}) {
    EXPECT_TRUE(ParseEndpoint(text)->is_local()) << text;
  }
  for (const char* text : {"127.evil.example:1", "127.0.0.1.evil.example:1", "localhost.evil.example:1", "128.0.0.1:1",
                           "[::]:1", "[::2]:1", "0.0.0.0:1"}) {
    EXPECT_FALSE(ParseEndpoint(text)->is_local()) << text;
  }
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* text : {"", "8500", ":8500", "host:", "host:65536", "host:-1", "host:8x", "unix:"}) {
    EXPECT_FALSE(ParseEndpoint(text).ok()) << text;
  }
}

}  // namespace
}  // namespace colonnade
