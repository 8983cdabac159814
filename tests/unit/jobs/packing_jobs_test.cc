// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/packing_jobs.h"

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "tests/unit/jobs/world.h"

namespace colonnade::jobs {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PackingJobsTest : public ReadyWorld {
 protected:
  std::vector<v1::JobState> StatesOf(const std::string& job) {
    std::vector<v1::JobState> states;
    for (const v1::JobEvent& event : Events(job)) {
      if (states.empty() || states.back() != event.state()) states.push_back(event.state());
    }
    return states;
  }
  void Start(int runners = 1) { ASSERT_TRUE(jobs_->Start(runners).ok()); }
};

TEST_F(PackingJobsTest, PublishesWhatTheWorkerMade) {
  Start();
  const v1::Job job = Await(Submit("good"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.result().artifact_version(), 1);
  EXPECT_EQ(job.result().quantized_accuracy(), 0.5);
  const auto versions = artifacts_->Versions(kTenant, "good");
  ASSERT_EQ(versions.size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(versions[0].path));
  EXPECT_THAT(StatesOf(job.name()), ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_PREPARING, v1::JOB_STATE_RUNNING,
                                                v1::JOB_STATE_SUCCEEDED));
}

TEST_F(PackingJobsTest, NumbersEventsWithoutGaps) {
  Start();
  const std::string job = Await(Submit("good")).name();
  int64_t expected = 0;
  for (const v1::JobEvent& event : Events(job)) EXPECT_EQ(event.sequence(), ++expected);
  EXPECT_EQ(expected, Job(job).last_sequence());
  EXPECT_EQ(int64_t(jobs_->Events(kTenant, job, 3, absl::ZeroDuration())->size()), expected - 2);
}

TEST_F(PackingJobsTest, SurvivesTheRestartWhileQueued) {
  const std::string job = Submit("good");
  Reopen();
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_QUEUED);
  Start();
  EXPECT_EQ(Await(job).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(PackingJobsTest, ContinuesAfterAShutdown) {
  Start();
  const std::string job = Submit("slow");
  Await(job, v1::JOB_STATE_RUNNING);
  Reopen();
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_QUEUED);
  Start();
  Await(job, v1::JOB_STATE_RUNNING);
  EXPECT_EQ(Job(job).attempts(), 2);
}

TEST_F(PackingJobsTest, QueuesAgainWhatACrashInterrupted) {
  const std::string job = Submit("good");
  ASSERT_TRUE(database_
                  ->Write([&](store::Connection& rows) -> absl::Status {
                    JobRecord record = FindJob(rows, kTenant, job).value();
                    v1::JobEvent event;
                    event.set_state(v1::JOB_STATE_PREPARING);
                    COLONNADE_RETURN_IF_ERROR(AppendEvent(rows, record, event, absl::Now()));
                    event.set_state(v1::JOB_STATE_RUNNING);
                    return AppendEvent(rows, record, event, absl::Now());
                  })
                  .ok());
  Reopen();
  Start();
  EXPECT_EQ(Await(job).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(PackingJobsTest, TriesAgainWhenAWorkerIsLost) {
  Start();
  const v1::Job job = Await(Submit("dies1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(job.result().artifact_version(), 1);
}

TEST_F(PackingJobsTest, GivesUpWhenWorkersKeepDying) {
  Start();
  const v1::Job job = Await(Submit("dies"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.attempts(), JobRunner::kMaxLosses);
  EXPECT_THAT(job.error().message(), HasSubstr("Killed"));
  EXPECT_TRUE(artifacts_->Versions(kTenant, "dies").empty());
}

TEST_F(PackingJobsTest, ReportsTheWorkersError) {
  Start();
  const v1::Job job = Await(Submit("fails"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.error().code(), int(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(job.error().message(), "the training diverged");
  EXPECT_EQ(job.error().stage(), v1::JOB_STAGE_PACK);
}

TEST_F(PackingJobsTest, PublishesNothingThatIsNotWhatItSays) {
  Start();
  for (const char* artifact : {"lies", "other", "mute"}) {
    ASSERT_TRUE(PushDataset("data").ok());
    const v1::Job job = Await(Submit(artifact));
    EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED) << artifact;
    EXPECT_TRUE(artifacts_->Versions(kTenant, artifact).empty()) << artifact;
  }
}

TEST_F(PackingJobsTest, CancelsWhatIsQueued) {
  const std::string job = Submit("good");
  ASSERT_TRUE(Cancel(job).ok());
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(PackingJobsTest, ErasesWhatACancelledJobWasToUse) {
  ASSERT_TRUE(Cancel(Submit("good")).ok());
  EXPECT_EQ(Dataset("data").state(), v1::Dataset::ERASED);
}

TEST_F(PackingJobsTest, StoresTheEndWhenTheDatabaseComesBack) {
  const std::string job = Submit("good");
  ASSERT_TRUE(database_
                  ->Write([&](store::Connection& rows) {
                    return rows
                        .Run("CREATE TRIGGER stuck BEFORE INSERT ON artifacts BEGIN SELECT RAISE(ABORT, 'full'); END")
                        .status();
                  })
                  .ok());
  Start();
  Await(job, v1::JOB_STATE_RUNNING);
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_RUNNING);
  EXPECT_TRUE(artifacts_->Versions(kTenant, "good").empty());
  ASSERT_TRUE(database_->Write([&](store::Connection& rows) { return rows.Run("DROP TRIGGER stuck").status(); }).ok());
  EXPECT_EQ(Await(job).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(PackingJobsTest, RefusesStatesThatAreNone) {
  v1::ListJobsRequest request;
  request.add_states(v1::JobState(99));
  v1::ListJobsResponse response;
  EXPECT_EQ(FieldOf(jobs_->List(kTenant, request, response)), "states");
}

TEST_F(PackingJobsTest, CancelsWhatRunsWithinFiveSeconds) {
  Start(2);
  for (const char* artifact : {"slow", "deaf"}) {
    ASSERT_TRUE(PushDataset("data").ok());
    const std::string job = Submit(artifact);
    Await(job, v1::JOB_STATE_RUNNING);
    const absl::Time asked = absl::Now();
    ASSERT_TRUE(Cancel(job).ok());
    EXPECT_EQ(Await(job).state(), v1::JOB_STATE_CANCELLED);
    EXPECT_LT(absl::Now() - asked, absl::Seconds(5));
  }
}

TEST_F(PackingJobsTest, CancellingAnEndedJobChangesNothing) {
  Start();
  const std::string job = Await(Submit("good")).name();
  ASSERT_TRUE(Cancel(job).ok());
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(PackingJobsTest, HonoursACancellationThatARestartOvertook) {
  const std::string job = Submit("good");
  ASSERT_TRUE(database_->Write([&](store::Connection& rows) { return AskToCancel(rows, job); }).ok());
  Reopen();
  Start();
  EXPECT_EQ(Await(job).state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(PackingJobsTest, RunsTheMostUrgentFirst) {
  v1::SubmitJobRequest urgent = Request("good-urgent");
  urgent.set_priority(5);
  const std::string later = Submit("good-later");
  v1::Job job;
  ASSERT_TRUE(jobs_->Submit(kTenant, urgent, job).ok());
  Start();
  const auto first = Await(job.name()), second = Await(later);
  EXPECT_LE(first.end_time().seconds(), second.start_time().seconds());
  EXPECT_EQ(second.state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(PackingJobsTest, GivesEachSuccessTheNextVersion) {
  Start();
  for (int version = 1; version <= 3; ++version) {
    ASSERT_TRUE(PushDataset("data").ok());
    EXPECT_EQ(Await(Submit("good")).result().artifact_version(), version);
  }
}

TEST_F(PackingJobsTest, NeverGivesAVersionTwice) {
  Start();
  Await(Submit("good"));
  v1::DeleteArtifactRequest request;
  request.set_name("good");
  request.set_version(1);
  ASSERT_TRUE(artifacts_->Delete(kTenant, request).ok());
  ASSERT_TRUE(PushDataset("data").ok());
  EXPECT_EQ(Await(Submit("good")).result().artifact_version(), 2);
}

TEST_F(PackingJobsTest, ARequestIdStandsForOneJob) {
  v1::SubmitJobRequest request = Request("good");
  request.set_request_id("once");
  v1::Job first, again;
  ASSERT_TRUE(jobs_->Submit(kTenant, request, first).ok());
  ASSERT_TRUE(jobs_->Submit(kTenant, request, again).ok());
  EXPECT_EQ(first.name(), again.name());
  request.set_priority(3);
  EXPECT_EQ(Refusal(request).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(PackingJobsTest, ErasesTheDataAfterTheLastJob) {
  const std::string first = Submit("good"), second = Submit("fails");
  Start();
  Await(first);
  Await(second);
  const std::lock_guard settled(references_);
  const v1::Dataset data = Dataset("data");
  EXPECT_EQ(data.state(), v1::Dataset::ERASED);
  EXPECT_EQ(data.erasure().reason(), "jobs_finished");
  EXPECT_THAT(data.erasure().jobs(), ElementsAre(first, second));
}

TEST_F(PackingJobsTest, DataUploadedAgainHaveServedNobodyYet) {
  Start();
  Await(Submit("good"));
  now_ += 10;
  ASSERT_TRUE(PushDataset("data").ok());
  Reopen();
  Start();
  EXPECT_EQ(Dataset("data").state(), v1::Dataset::STORED);
  const std::string second = Await(Submit("good")).name();
  const std::lock_guard settled(references_);
  EXPECT_THAT(Dataset("data").erasure().jobs(), ElementsAre(second));
}

TEST_F(PackingJobsTest, KeepsDataThatAreToBeKept) {
  ASSERT_TRUE(PushDataset("kept", 10, v1::DATA_ROLE_TRAIN, true).ok());
  Start();
  Await(Submit("good", "kept"));
  const std::lock_guard settled(references_);
  EXPECT_EQ(Dataset("kept").state(), v1::Dataset::STORED);
}

TEST_F(PackingJobsTest, DoesNotEraseDataInUse) {
  Submit("good");
  v1::DeleteDatasetRequest request;
  request.set_name("data");
  v1::DeleteDatasetResponse response;
  const absl::Status status = datasets_->Delete(kTenant, request, response);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DetailsOf(status).resource_type, "job");
}

TEST_F(PackingJobsTest, DoesNotDeleteAModelInUse) {
  Submit("good");
  v1::DeleteModelRequest request;
  request.set_name("net");
  EXPECT_EQ(models_->Delete(kTenant, request).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PackingJobsTest, RetentionEndsJobs) {
  retain_seconds_ = 60;
  ASSERT_TRUE(PushDataset("brief", 20).ok());
  Start(2);
  const std::string running = Submit("slow", "brief");
  Await(running, v1::JOB_STATE_RUNNING);
  now_ += 61;
  const v1::Job job = Await(running);
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.error().message(), kRetentionOver);
  EXPECT_EQ(Dataset("brief").erasure().reason(), "retention");
}

TEST_F(PackingJobsTest, RetentionEndsQueuedJobsToo) {
  retain_seconds_ = 60;
  ASSERT_TRUE(PushDataset("brief", 20).ok());
  const std::string job = Submit("good", "brief");
  now_ += 61;
  ASSERT_TRUE(jobs_->EnforceRetention().ok());
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(Dataset("brief").state(), v1::Dataset::ERASED);
}

TEST_F(PackingJobsTest, ListsNewestFirst) {
  const std::string first = Submit("good-1"), second = Submit("good-2"), third = Submit("good-3");
  ASSERT_TRUE(Cancel(second).ok());
  v1::ListJobsRequest request;
  request.mutable_page()->set_page_size(2);
  v1::ListJobsResponse response;
  ASSERT_TRUE(jobs_->List(kTenant, request, response).ok());
  ASSERT_EQ(response.jobs_size(), 2);
  EXPECT_EQ(response.jobs(0).name(), third);
  request.mutable_page()->set_page_token(response.next_page_token());
  v1::ListJobsResponse rest;
  ASSERT_TRUE(jobs_->List(kTenant, request, rest).ok());
  ASSERT_EQ(rest.jobs_size(), 1);
  EXPECT_EQ(rest.jobs(0).name(), first);
  request.clear_page();
  request.add_states(v1::JOB_STATE_CANCELLED);
  v1::ListJobsResponse cancelled;
  ASSERT_TRUE(jobs_->List(kTenant, request, cancelled).ok());
  ASSERT_EQ(cancelled.jobs_size(), 1);
  EXPECT_EQ(cancelled.jobs(0).name(), second);
}

TEST_F(PackingJobsTest, TenantsDoNotSeeEachOthersJobs) {
  const std::string job = Submit("good");
  EXPECT_EQ(jobs_->Events("acme", job, 1, absl::ZeroDuration()).status().code(), absl::StatusCode::kNotFound);
  v1::CancelJobRequest request;
  request.set_name(job);
  v1::Job response;
  EXPECT_EQ(jobs_->Cancel("acme", request, response).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Job(job).state(), v1::JOB_STATE_QUEUED);
}

}  // namespace
}  // namespace colonnade::jobs
