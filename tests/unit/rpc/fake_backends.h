// SPDX-License-Identifier: Apache-2.0
// Backends that remember what they were given, for tests of the transport.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/jobs/backend.h"

namespace colonnade::rpc {

inline constexpr auto kUnused = [] { return absl::UnimplementedError("not in this test"); };

class FakeModels : public jobs::ModelBackend {
 public:
  absl::Status Push(const std::string& tenant, const v1::PushModelRequest::Header& header, const jobs::Feed& feed,
                    v1::Model& response) override {
    ++pushes;
    COLONNADE_RETURN_IF_ERROR(Collect(feed));
    response.set_name(header.name());
    response.set_tenant(tenant);
    return absl::OkStatus();
  }
  absl::Status Inspect(const std::string&, const v1::InspectModelRequest::Header& header, const jobs::Feed& feed,
                       v1::ModelReport& response) override {
    if (header.name().empty()) COLONNADE_RETURN_IF_ERROR(Collect(feed));
    response.set_accepted(true);
    return absl::OkStatus();
  }
  absl::Status Get(const std::string&, const v1::GetModelRequest& request, v1::Model&) override {
    return MissingResource("model", request.name());
  }
  absl::Status List(const std::string&, const v1::ListModelsRequest&, v1::ListModelsResponse&) override {
    return kUnused();
  }
  absl::Status Delete(const std::string&, const v1::DeleteModelRequest&) override { return kUnused(); }

  absl::Status Collect(const jobs::Feed& feed) {
    std::string bytes;
    COLONNADE_RETURN_IF_ERROR(feed([&](std::string_view data) {
      bytes += data;
      return absl::OkStatus();
    }));
    received = bytes;
    return absl::OkStatus();
  }

  std::atomic<int> pushes = 0;  // begun
  std::string received;         // of the last complete upload
};

class FakeDatasets : public jobs::DatasetBackend {
 public:
  absl::Status Push(const std::string&, const v1::PushDatasetRequest::Header& header, const jobs::Feed& feed,
                    v1::Dataset& response) override {
    if (over_budget)
      return WithQuota(absl::ResourceExhaustedError("used 5 of 5, asked 1"), "source:" + header.source());
    COLONNADE_RETURN_IF_ERROR(feed([&](std::string_view data) {
      bytes += int64_t(data.size());
      return absl::OkStatus();
    }));
    response.set_records(header.records());
    return absl::OkStatus();
  }
  absl::Status Get(const std::string&, const v1::GetDatasetRequest&, v1::Dataset&) override { return kUnused(); }
  absl::Status List(const std::string&, const v1::ListDatasetsRequest&, v1::ListDatasetsResponse&) override {
    return kUnused();
  }
  absl::Status Delete(const std::string&, const v1::DeleteDatasetRequest&, v1::DeleteDatasetResponse&) override {
    return kUnused();
  }
  absl::Status GetSource(const std::string&, const v1::GetSourceRequest&, v1::Source&) override { return kUnused(); }
  absl::Status ListSources(const std::string&, const v1::ListSourcesRequest&, v1::ListSourcesResponse&) override {
    return kUnused();
  }
  absl::Status ListErasures(const std::string&, const v1::ListErasuresRequest&, v1::ListErasuresResponse&) override {
    return kUnused();
  }

  bool over_budget = false;
  int64_t bytes = 0;
};

// One job, "job-1", whose events the test adds.
class FakeJobs : public jobs::JobBackend {
 public:
  void Add(v1::JobState state) {
    std::lock_guard lock(mutex_);
    v1::JobEvent& event = events_.emplace_back();
    event.set_sequence(int64_t(events_.size()));
    event.set_state(state);
    added_.notify_all();
  }

  // Somebody has asked for events.
  bool watched() const {
    std::lock_guard lock(mutex_);
    return watched_;
  }

  absl::Status Submit(const std::string&, const v1::SubmitJobRequest&, v1::Job&) override {
    return InvalidField("recipe.packing.alpha", "0 is not within 1 to 8");
  }
  absl::Status Get(const std::string&, const v1::GetJobRequest& request, v1::Job& response) override {
    if (request.name() != "job-1") return MissingResource("job", request.name());
    std::lock_guard lock(mutex_);
    response.set_state(events_.empty() ? v1::JOB_STATE_QUEUED : events_.back().state());
    return absl::OkStatus();
  }
  absl::Status List(const std::string&, const v1::ListJobsRequest&, v1::ListJobsResponse&) override {
    return kUnused();
  }
  absl::Status Cancel(const std::string&, const v1::CancelJobRequest&, v1::Job&) override { return kUnused(); }
  absl::Status ResolveRecipe(const v1::ResolveRecipeRequest&, v1::Recipe&) override { return kUnused(); }
  absl::StatusOr<std::vector<v1::JobEvent>> Events(const std::string&, const std::string& job, int64_t from,
                                                   absl::Duration patience) override {
    if (job != "job-1") return MissingResource("job", job);
    std::unique_lock lock(mutex_);
    watched_ = true;
    added_.wait_for(lock, absl::ToChronoMilliseconds(patience), [&] { return int64_t(events_.size()) >= from; });
    const size_t skipped = std::min(events_.size(), size_t(from - 1));
    return std::vector<v1::JobEvent>(events_.begin() + long(skipped), events_.end());
  }

 private:
  mutable std::mutex mutex_;
  bool watched_ = false;
  std::condition_variable added_;
  std::vector<v1::JobEvent> events_;
};

// One artifact: the file at `path`, said to have `size` bytes.
class FakeArtifacts : public jobs::ArtifactBackend {
 public:
  absl::Status Get(const std::string&, const v1::GetArtifactRequest&, v1::Artifact&) override { return kUnused(); }
  absl::Status List(const std::string&, const v1::ListArtifactsRequest&, v1::ListArtifactsResponse&) override {
    return kUnused();
  }
  absl::Status Delete(const std::string&, const v1::DeleteArtifactRequest&) override { return kUnused(); }
  absl::StatusOr<std::ifstream> Pull(const std::string&, const v1::PullArtifactRequest&,
                                     v1::PullArtifactResponse::Header& header) override {
    header.set_size_bytes(size);
    return std::ifstream(path, std::ios::binary);
  }

  std::string path;
  int64_t size = 0;
};

class FakeSystem : public jobs::SystemBackend {
 public:
  absl::Status GetStatus(const std::string& tenant, v1::Status& response) override {
    response.set_tenant(tenant);
    return absl::OkStatus();
  }
};

}  // namespace colonnade::rpc
