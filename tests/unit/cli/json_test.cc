// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json.h"

#include <gtest/gtest.h>

namespace colonnade::cli {
namespace {

std::vector<std::string> Keys(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

using Names = std::vector<std::string>;

TEST(Json, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(ToJson(client::Time(std::chrono::milliseconds(1'700'000'000'042))), "2023-11-14T22:13:20.042Z");
}

TEST(Json, TimesBeforeTheEpochRoundDown) {
  EXPECT_EQ(ToJson(client::Time(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Json, ErasuresShowTheNanosecondsThatAreSigned) {
  client::ErasureRecord record;
  record.erase_time = client::Time(std::chrono::nanoseconds(1'700'000'000'042'000'017));
  EXPECT_EQ(ToJson(record)["erase_time"], "2023-11-14T22:13:20.042000017Z");
}

TEST(Json, JobsLeaveOutWhatIsAbsent) {
  client::Job job;
  job.name = "job-1";
  job.state = client::JobState::kQueued;
  job.recipe.SetAlpha(4);
  const Json json = ToJson(job);
  EXPECT_EQ(Keys(json), (Names{"name", "tenant", "state", "stage", "model", "dataset", "artifact", "array", "priority",
                               "create_time", "last_sequence", "attempts", "recipe"}));
  EXPECT_EQ(json["state"], "queued");
  EXPECT_EQ(json["recipe"]["packing"]["alpha"], 4);
}

TEST(Json, EndedJobsHaveErrorOrResult) {
  client::Job job;
  job.error = {client::Code::kInternal, "worker lost"};
  job.error_stage = client::JobStage::kPack;
  EXPECT_EQ(ToJson(job)["error"].dump(), R"({"code":"INTERNAL","message":"worker lost","stage":"pack"})");
  job.result.emplace().report_json = R"({"schema":"colonnade.report/1"})";
  EXPECT_EQ(ToJson(job)["result"]["report"]["schema"], "colonnade.report/1");
}

TEST(Json, OldResultsHaveNoDenseIntegerAccuracy) {
  client::Job job;
  job.result.emplace();
  EXPECT_FALSE(ToJson(job)["result"].contains("dense_quantized_accuracy"));
  job.result->dense_quantized_accuracy = 0.5;
  EXPECT_EQ(ToJson(job)["result"]["dense_quantized_accuracy"], 0.5);
}

TEST(Json, EventsHaveNumbersAndWords) {
  client::JobEvent event;
  event.sequence = 7;
  event.stage = client::JobStage::kFinalTraining;
  event.loss = 0.5;
  const Json json = ToJson(event);
  EXPECT_EQ(json["sequence"], 7);
  EXPECT_EQ(json["stage"], "final_training");
  EXPECT_EQ(json["loss"], 0.5);
  EXPECT_FALSE(json.contains("accuracy"));
}

TEST(Json, DatasetsCarryTheirBudget) {
  client::Dataset dataset;
  dataset.role = client::Role::kTrain;
  dataset.state = client::DatasetState::kStored;
  dataset.source_usage.used = 5000;
  const Json json = ToJson(dataset);
  EXPECT_EQ(json["role"], "train");
  EXPECT_EQ(json["state"], "stored");
  EXPECT_EQ(json["source_usage"]["used"], 5000);
}

TEST(Json, VerdictsAreWords) {
  client::ModelReport report;
  report.nodes.push_back({"c", "Conv", client::Verdict::kRunsUnpacked, "why", ""});
  EXPECT_EQ(ToJson(report)["nodes"].dump(),
            R"([{"name":"c","op_type":"Conv","verdict":"runs_unpacked","reason":"why"}])");
}

TEST(Json, BytesThatAreNoTextDoNotThrow) { EXPECT_NE(OneLine({{"name", "\xff"}}), ""); }

}  // namespace
}  // namespace colonnade::cli
