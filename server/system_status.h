// SPDX-License-Identifier: Apache-2.0
// What GetStatus answers.
#pragma once

#include <string>

#include "server/executors/shared_device.h"
#include "server/jobs/artifacts.h"
#include "server/jobs/backend.h"
#include "server/serving/inference_engine.h"
#include "server/store/database.h"

namespace colonnade {

// Thread-safe. What is passed in must outlive it.
class SystemStatus final : public jobs::SystemBackend {
 public:
  SystemStatus(store::Database& database, const jobs::Artifacts& artifacts, const serving::InferenceEngine& inference,
               const executors::Devices& devices, absl::Time started)
      : database_(database), artifacts_(artifacts), inference_(inference), devices_(devices), started_(started) {}

  absl::Status GetStatus(const std::string& tenant, v1::Status& response) override;

 private:
  store::Database& database_;
  const jobs::Artifacts& artifacts_;
  const serving::InferenceEngine& inference_;
  const executors::Devices& devices_;
  const absl::Time started_;
};

}  // namespace colonnade
