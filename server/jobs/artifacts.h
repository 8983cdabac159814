// SPDX-License-Identifier: Apache-2.0
// Published artifacts: rows with a blob each. What exists is also kept in memory, since
// every inference asks for it.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/jobs/backend.h"
#include "server/jobs/converter.h"
#include "server/store/blobs.h"
#include "server/store/database.h"

namespace colonnade::jobs {

// One servable version.
struct PublishedVersion {
  int64_t version = 0;
  std::string path;  // of the artifact file
};

// A finished file that a job made, and where it belongs.
struct FinishedArtifact {
  std::string tenant, name, job, model;
  int64_t version = 0;
  std::string path, sha256;
  int64_t bytes = 0;
  v1::JobResult result;
};

// Thread-safe. What is passed in must outlive it.
class Artifacts final : public ArtifactBackend {
 public:
  static absl::StatusOr<std::unique_ptr<Artifacts>> Open(store::Database& database, store::Blobs& blobs,
                                                         const Converter& converter, Clock clock);

  absl::Status Get(const std::string& tenant, const v1::GetArtifactRequest& request, v1::Artifact& response) override;
  absl::Status List(const std::string& tenant, const v1::ListArtifactsRequest& request,
                    v1::ListArtifactsResponse& response) override;
  absl::Status Delete(const std::string& tenant, const v1::DeleteArtifactRequest& request) override;
  absl::StatusOr<std::ifstream> Pull(const std::string& tenant, const v1::PullArtifactRequest& request,
                                     v1::PullArtifactResponse::Header& header) override;

  // Newest first; from memory.
  std::vector<PublishedVersion> Versions(std::string_view tenant, std::string_view name) const;
  // Of one tenant.
  int64_t Count(std::string_view tenant) const;

  // Checks the file (digest, structure, and that it says of itself what the job says) and
  // makes it a durable blob. Nothing is published yet; may be repeated. DATA_LOSS and
  // NOT_FOUND are the file's fault, other errors this machine's.
  absl::StatusOr<v1::Artifact> Admit(const FinishedArtifact& finished);

  // Inserts the row, in the transaction that ends the job.
  static absl::Status Insert(store::Connection& rows, const v1::Artifact& artifact);

  // Serves it from now on, and no longer.
  void Announce(const v1::Artifact& artifact);
  void Withdraw(const std::string& tenant, const std::string& name, int64_t version);

  // A version for an artifact that is going to be made: above every published one and
  // every one reserved by unfinished jobs.
  static absl::StatusOr<int64_t> ReserveVersion(store::Connection& rows, const std::string& tenant,
                                                const std::string& name);

 private:
  Artifacts(store::Database& database, store::Blobs& blobs, const Converter& converter, Clock clock)
      : database_(database), blobs_(blobs), converter_(converter), clock_(std::move(clock)) {}

  using Key = std::pair<std::string, std::string>;  // tenant, name

  absl::StatusOr<v1::Artifact> Find(const std::string& tenant, const std::string& name, int64_t version) const;
  absl::StatusOr<std::ifstream> ToOnnx(const v1::Artifact& artifact, v1::PullArtifactResponse::Header& header);

  store::Database& database_;
  store::Blobs& blobs_;
  const Converter& converter_;
  const Clock clock_;
  std::atomic<int64_t> conversions_ = 0;  // so far; they name the files
  mutable std::mutex mutex_;
  std::map<Key, std::vector<PublishedVersion>> published_;  // newest first
};

}  // namespace colonnade::jobs
