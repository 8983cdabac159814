// SPDX-License-Identifier: Apache-2.0
// The daemon's core in a folder of its own: real database, blobs, vault and
// colonnade-inspect; the worker is the fake one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/artifacts.h"
#include "server/jobs/datasets.h"
#include "server/jobs/inspector.h"
#include "server/jobs/models.h"
#include "server/jobs/packing_jobs.h"
#include "server/jobs/schema.h"
#include "server/jobs/states.h"
#include "server/onnx/export.h"
#include "server/sealed/key.h"
#include "tests/support/random_network.h"

namespace colonnade::jobs {

inline const std::string kTenant = "default";

class World : public ::testing::Test {
 protected:
  World() : folder_(std::filesystem::temp_directory_path() / ("colonnade_jobs_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    for (const char* name : {"blobs", "vault", "work"}) std::filesystem::create_directories(folder_ / name);
    Open();
  }
  ~World() override {
    Close();
    std::filesystem::remove_all(folder_);
  }

  void Open() {
    database_ =
        store::OpenSqlite((folder_ / "metadata.db").string(), {privacy::Vault::schema(), TablesOfJobs()}).value();
    blobs_ = store::Blobs::Open((folder_ / "blobs").string()).value();
    vault_ =
        privacy::Vault::Open(*database_, metrics_, {(folder_ / "vault").string(), 0.5, ErasureBytes, clock()}).value();
    log_ = std::make_unique<JobLog>(*database_, metrics_, clock());
    models_ = std::make_unique<Models>(*database_, *blobs_, inspector_, clock());
    datasets_ = std::make_unique<Datasets>(*database_, *vault_, references_);
    artifacts_ = Artifacts::Open(*database_, *blobs_, converter_, clock()).value();
    interrupts_ = std::make_unique<Interrupts>();
    jobs_ = std::make_unique<PackingJobs>(JobWorld{*database_, *blobs_, *vault_, *datasets_, *artifacts_, *log_,
                                                   *interrupts_, metrics_, references_, COLONNADE_FAKE_WORKER,
                                                   (folder_ / "work").string()});
  }
  void Close() {
    jobs_.reset();
    artifacts_.reset();
    datasets_.reset();
    models_.reset();
    log_.reset();
    vault_.reset();
    database_.reset();
  }
  // As after a restart of the daemon.
  void Reopen() {
    Close();
    Open();
  }
  Clock clock() {
    return [this] { return absl::FromUnixSeconds(now_.load()); };
  }

  static std::string Onnx(uint64_t seed = 1) { return onnx::ExportOnnx(RandomNetwork(seed)); }

  static Feed FeedOf(std::string bytes) {
    return [bytes = std::move(bytes)](const Sink& sink) { return sink(bytes); };
  }

  absl::Status PushModel(const std::string& name, const std::string& bytes, const std::string& tenant = kTenant,
                         const std::string& request_id = "") {
    v1::PushModelRequest::Header header;
    header.set_name(name);
    header.set_request_id(request_id);
    header.set_size_bytes(int64_t(bytes.size()));
    header.set_sha256(sealed::Sha256Hex(bytes));
    model_.Clear();
    return models_->Push(tenant, header, FeedOf(bytes), model_);
  }

  // `records` records of the model's shape, pixel values from `seed` on.
  absl::Status PushDataset(const std::string& name, int seed = 0, v1::DataRole role = v1::DATA_ROLE_TRAIN,
                           bool keep = false, int records = 4) {
    const nn::Network network = RandomNetwork(1);
    const nn::Shape shape = network.input_shape();
    std::string bytes;
    for (int i = 0; i < records; ++i) {
      bytes += std::string(4, '\0') + std::string(size_t(shape.size()), char(seed + i));
    }
    v1::PushDatasetRequest::Header header;
    header.set_name(name);
    header.set_role(role);
    header.set_source("source");
    header.set_source_samples(100);
    header.mutable_shape()->set_channels(shape.channels);
    header.mutable_shape()->set_height(shape.height);
    header.mutable_shape()->set_width(shape.width);
    header.mutable_normalization()->add_mean(0.5);
    header.mutable_normalization()->add_deviation(0.25);
    header.set_classes(2);
    header.set_records(records);
    header.set_sha256(sealed::Sha256Hex(bytes));
    header.set_keep_after_jobs(keep);
    if (keep || retain_seconds_ > 0) header.mutable_retain()->set_seconds(std::max<int64_t>(retain_seconds_, 60));
    v1::Dataset response;
    return datasets_->Push(kTenant, header, FeedOf(bytes), response);
  }

  static v1::SubmitJobRequest Request(const std::string& artifact, const std::string& dataset = "data") {
    v1::SubmitJobRequest request;
    request.set_model("net");
    request.set_dataset(dataset);
    request.set_artifact(artifact);
    return request;
  }
  // The name of the new job.
  std::string Submit(const std::string& artifact, const std::string& dataset = "data") {
    v1::Job job;
    const absl::Status status = jobs_->Submit(kTenant, Request(artifact, dataset), job);
    EXPECT_TRUE(status.ok()) << status;
    return job.name();
  }
  absl::Status Refusal(const v1::SubmitJobRequest& request) {
    v1::Job job;
    return jobs_->Submit(kTenant, request, job);
  }
  v1::Job Job(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::Job job;
    EXPECT_TRUE(jobs_->Get(kTenant, request, job).ok());
    return job;
  }
  // Follows the log until the job reaches `state`, or half a minute is over.
  v1::Job Await(const std::string& name, v1::JobState state = v1::JOB_STATE_UNSPECIFIED) {
    const auto reached = [&](v1::JobState now) { return state == now || (state == 0 && IsFinal(now)); };
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!reached(Job(name).state()) && absl::Now() < deadline) {
      EXPECT_TRUE(jobs_->Events(kTenant, name, Job(name).last_sequence() + 1, absl::Milliseconds(200)).ok());
    }
    return Job(name);
  }
  std::vector<v1::JobEvent> Events(const std::string& job) {
    return jobs_->Events(kTenant, job, 1, absl::ZeroDuration()).value();
  }
  v1::Dataset Dataset(const std::string& name) {
    v1::GetDatasetRequest request;
    request.set_name(name);
    v1::Dataset dataset;
    EXPECT_TRUE(datasets_->Get(kTenant, request, dataset).ok());
    return dataset;
  }
  absl::Status Cancel(const std::string& name) {
    v1::CancelJobRequest request;
    request.set_name(name);
    v1::Job job;
    return jobs_->Cancel(kTenant, request, job);
  }

  const std::filesystem::path folder_;
  NoMetrics metrics_;
  std::atomic<int64_t> now_ = 1'800'000'000;
  int64_t retain_seconds_ = 0;
  v1::Model model_;  // of the last push
  Inspector inspector_{COLONNADE_INSPECT};
  Converter converter_{COLONNADE_INSPECT};
  ReferenceLock references_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Blobs> blobs_;
  std::unique_ptr<privacy::Vault> vault_;
  std::unique_ptr<JobLog> log_;
  std::unique_ptr<Models> models_;
  std::unique_ptr<Datasets> datasets_;
  std::unique_ptr<Artifacts> artifacts_;
  std::unique_ptr<Interrupts> interrupts_;
  std::unique_ptr<PackingJobs> jobs_;
};

// With a model "net" and a data set "data".
class ReadyWorld : public World {
 protected:
  void SetUp() override {
    ASSERT_TRUE(PushModel("net", Onnx()).ok());
    ASSERT_TRUE(PushDataset("data").ok());
  }
};

}  // namespace colonnade::jobs
