// SPDX-License-Identifier: Apache-2.0
// The registry of source models: blobs with a name, examined before they get it.
#pragma once

#include <string>

#include "server/base/clock.h"
#include "server/jobs/backend.h"
#include "server/jobs/inspector.h"
#include "server/store/blobs.h"
#include "server/store/database.h"

namespace colonnade::jobs {

// Thread-safe. What is passed in must outlive it.
class Models final : public ModelBackend {
 public:
  Models(store::Database& database, store::Blobs& blobs, const Inspector& inspector, Clock clock)
      : database_(database), blobs_(blobs), inspector_(inspector), clock_(std::move(clock)) {}

  absl::Status Push(const std::string& tenant, const v1::PushModelRequest::Header& header, const Feed& feed,
                    v1::Model& response) override;
  absl::Status Inspect(const std::string& tenant, const v1::InspectModelRequest::Header& header, const Feed& feed,
                       v1::ModelReport& response) override;
  absl::Status Get(const std::string& tenant, const v1::GetModelRequest& request, v1::Model& response) override;
  absl::Status List(const std::string& tenant, const v1::ListModelsRequest& request,
                    v1::ListModelsResponse& response) override;
  // FAILED_PRECONDITION names the unfinished job that uses the model.
  absl::Status Delete(const std::string& tenant, const v1::DeleteModelRequest& request) override;

  // The stored model, read in a caller's transaction. NOT_FOUND when there is none.
  static absl::StatusOr<v1::Model> Find(store::Connection& rows, const std::string& tenant, const std::string& name);

 private:
  void RemoveUnlessNamed(const std::string& sha256);
  absl::Status Store(const v1::Model& model, const v1::PushModelRequest::Header& header);

  store::Database& database_;
  store::Blobs& blobs_;
  const Inspector& inspector_;
  const Clock clock_;
};

}  // namespace colonnade::jobs
