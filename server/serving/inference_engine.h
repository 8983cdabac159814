// SPDX-License-Identifier: Apache-2.0
// From a request to logits: admission, deadline, model, checks, executor.
//
// A request runs on the thread that brings it; handing 25 microseconds of work to
// another thread would cost more than it gains. Large batches are cut into pieces
// for the cores that have nothing to do.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/gate.h"
#include "server/base/metrics.h"
#include "server/serving/model_manager.h"
#include "server/serving/validate.h"

namespace colonnade::serving {

struct InferenceRequest {
  ModelReference model;
  std::string executor;  // empty: the default
  std::vector<TensorView> inputs;
  std::vector<std::string> outputs;
  absl::Time deadline = absl::InfiniteFuture();
};

struct InferenceResult {
  SharedModel model;
  std::string executor;
  int images = 0;
  std::vector<float> logits;  // [images][classes]
  int64_t array_cycles = 0;   // of the whole batch
};

// Thread-safe.
class InferenceEngine {
 public:
  // At most `max_in_flight` requests run at a time. What is passed in must outlive it.
  InferenceEngine(ModelManager& models, Metrics& metrics, int max_in_flight)
      : models_(models), metrics_(metrics), gate_("inferences", max_in_flight) {}

  // RESOURCE_EXHAUSTED with a retry delay when too many are running, UNAVAILABLE once
  // closed, DEADLINE_EXCEEDED when the deadline has passed before the work starts,
  // NOT_FOUND as ModelManager::Get, INVALID_ARGUMENT as validate.h and Model::Run.
  absl::StatusOr<InferenceResult> Infer(const InferenceRequest& request);

  // Shutdown: close, then wait for what runs.
  void Close() { gate_.Close(); }
  bool Drain(absl::Duration patience) { return gate_.Drain(patience); }
  bool is_open() const { return gate_.is_open(); }

  ModelManager& models() { return models_; }

 private:
  absl::StatusOr<InferenceResult> InferInside(const InferenceRequest& request, SharedModel& model);
  absl::Status Compute(const TensorView& input, InferenceResult& result);
  void Report(const SharedModel& model, const absl::StatusOr<InferenceResult>& result, absl::Duration took);

  ModelManager& models_;
  Metrics& metrics_;
  Gate gate_;
};

}  // namespace colonnade::serving
