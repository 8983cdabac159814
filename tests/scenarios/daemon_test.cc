// SPDX-License-Identifier: Apache-2.0
// The daemon as an operator sees it, and refusals that must leave it untouched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/scenarios/command.h"
#include "tests/scenarios/glyph_job.h"
#include "tests/scenarios/running_daemon.h"

namespace colonnade {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class DaemonScenario : public ::testing::Test {
 protected:
  client::Client& client() { return daemon_.client(); }
  RunningDaemon daemon_;
};

TEST_F(DaemonScenario, StopsInOrder) {
  EXPECT_TRUE(client().GetStatus()->ready);
  EXPECT_EQ(daemon_.Stop(), 0);
}

TEST_F(DaemonScenario, SharesItsStateWithNobody) {
  const Outcome second = RunCommand({COLONNADED, "--state", daemon_.state().string(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.errors, HasSubstr("another daemon is using"));
}

TEST_F(DaemonScenario, LeavesNoCoreAndIgnoresClosedPipes) {
  const std::filesystem::path process = "/proc/" + std::to_string(daemon_.pid());
  const auto text = [&](const char* name) {
    std::ifstream file(process / name);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  EXPECT_THAT(text("limits"), ContainsRegex("Max core file size +0 +0 "));
  EXPECT_THAT(text("status"), ContainsRegex("SigIgn:\t[0-9a-f]+[13579bdf][0-9a-f]{3}\n"));  // bit 12: SIGPIPE
}

TEST_F(DaemonScenario, ListensBeyondThisHostOnlyWhenTold) {
  const Outcome open = RunCommand({COLONNADED, "--state", "unused", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.errors, HasSubstr("--insecure"));
}

TEST_F(DaemonScenario, OffersItsMetrics) {
  PushGlyphs(client());
  const Outcome page = RunCommand(
      {"/usr/bin/env", "python3", "-c",
       "import sys,urllib.request;print(urllib.request.urlopen(sys.argv[1]).read().decode())", daemon_.metrics()});
  ASSERT_EQ(page.exit_code, 0) << page.errors;
  for (const char* name :
       {"colonnade_build_info{", "colonnade_jobs{state=\"queued\"} 0", "colonnade_requests_total{",
        "colonnade_request_duration_seconds_bucket{", "colonnade_upload_bytes_total{kind=\"dataset\"}"}) {
    EXPECT_THAT(page.output, HasSubstr(name));
  }
}

TEST_F(DaemonScenario, NothingOfASampleIsWhereItShouldNotBe) {
  client::Records records = GlyphTrain();
  std::mt19937 random(5);
  std::string canary(100, '\0');
  for (char& c : canary) c = char(random());
  std::copy(canary.begin(), canary.end(), records.pixels.begin());
  ASSERT_TRUE(client().PushDataset(records, GlyphOptions("train")).ok());
  daemon_.Stop();
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_.state())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find(canary.substr(0, 32)), std::string::npos) << entry.path();
  }
  EXPECT_GE(files, 4);
  EXPECT_EQ(daemon_.log().find(canary.substr(0, 32)), std::string::npos);
}

TEST_F(DaemonScenario, EnforcesTheBudget) {
  client::Records records = ToRecords(DrawGlyphs(kGlyphTrain + 1, 2));
  const auto refused = client().PushDataset(records, GlyphOptions("more"));
  EXPECT_EQ(refused.status().code(), client::Code::kResourceExhausted);
  EXPECT_EQ(refused.status().reason(), "DATA_BUDGET_EXCEEDED");
  EXPECT_EQ(client().GetDataset("more").status().code(), client::Code::kNotFound);
  EXPECT_TRUE(client().PushDataset(GlyphTrain(), GlyphOptions("exact")).ok());
}

TEST_F(DaemonScenario, ASourceKeepsItsSize) {
  ASSERT_TRUE(client().PushDataset(GlyphTrain(), GlyphOptions("train")).ok());
  client::DatasetOptions options = GlyphOptions("again");
  options.source_samples = 4000;
  const auto refused = client().PushDataset(GlyphTrain(), options);
  EXPECT_EQ(refused.status().code(), client::Code::kFailedPrecondition);
  EXPECT_THAT(refused.status().message(), HasSubstr("3000"));
}

TEST_F(DaemonScenario, ARecordHasOneRole) {
  ASSERT_TRUE(client().PushDataset(GlyphTrain(), GlyphOptions("train")).ok());
  client::DatasetOptions options = GlyphOptions("test", client::Role::kEvaluation);
  options.source = "glyphs";
  options.source_samples = 3000;
  EXPECT_EQ(client().PushDataset(GlyphTrain(), options).status().code(), client::Code::kFailedPrecondition);
}

TEST_F(DaemonScenario, RefusesLabelsOutOfRange) {
  client::Records records = GlyphTrain();
  records.labels[17] = 10;
  const auto refused = client().PushDataset(records, GlyphOptions("train"));
  EXPECT_EQ(refused.status().code(), client::Code::kInvalidArgument);
  EXPECT_EQ(client().GetSource("glyphs").status().code(), client::Code::kNotFound);
}

}  // namespace
}  // namespace colonnade
