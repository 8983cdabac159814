// SPDX-License-Identifier: Apache-2.0
// Packing jobs: a model and a data set become a served artifact.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "colonnade/common.h"
#include "colonnade/recipe.h"

namespace colonnade::client {

enum class JobState {
  kUnknown = 0,
  kQueued = 1,     // stored durably, waiting for a worker
  kPreparing = 2,  // inputs are being checked again, a worker is starting
  kRunning = 3,    // a worker is in the stage named by the job
  kSucceeded = 4,  // final: the artifact is published and servable
  kFailed = 5,     // final: the error says why
  kCancelled = 6,  // final: stopped on request
};
const char* Word(JobState state);  // "queued", ..., "cancelled"

// Succeeded, failed or cancelled.
bool IsFinal(JobState state);

enum class JobStage {
  kNone = 0,
  kImport = 1,
  kBaseline = 2,
  kPack = 3,  // prune, group, combine and retrain, in rounds
  kFinalTraining = 4,
  kQuantize = 5,
  kCompile = 6,
  kVerify = 7,
  kEvaluate = 8,
  kPublish = 9,
};
const char* Word(JobStage stage);  // "import", ..., "final_training", ...; "" for kNone

// What a network costs on the array, over all layers.
struct Measured {
  int64_t columns = 0;  // array columns
  int64_t tiles = 0;
  int64_t cycles = 0;  // of one image
  int64_t weight_bytes = 0;
};

// What a job measured.
struct JobResult {
  int64_t artifact_version = 0;
  Measured dense, packed;
  // Of the float network, dense; of the float network, packed; of the packed integer
  // network that is served.
  double dense_accuracy = 0, packed_accuracy = 0, quantized_accuracy = 0;
  // Of the dense network as an integer network; absent in results of older servers.
  std::optional<double> dense_quantized_accuracy;
  std::string accuracy_source;  // "evaluation" or "held_out"
  int64_t accuracy_images = 0;
  // Nonzero cells / all cells; and with each tile counted as a full array.
  double packing_efficiency = 0, packing_efficiency_tiled = 0;
  // Distinct training records of the source used, and allowed.
  int64_t data_used = 0, data_ceiling = 0;
  int epochs = 0;
  std::map<std::string, double> stage_seconds;
  std::string report_json;  // the whole report, schema "colonnade.report/1"
};

struct Job {
  std::string name, tenant;
  Time create_time;
  std::optional<Time> start_time, end_time;
  std::string model, dataset, evaluation, artifact, array;
  Recipe recipe;  // every setting
  int priority = 0;
  JobState state = JobState::kUnknown;
  JobStage stage = JobStage::kNone;
  int64_t last_sequence = 0;
  Status error;  // why it failed; OK otherwise
  JobStage error_stage = JobStage::kNone;
  std::optional<JobResult> result;  // present once it has succeeded
  int attempts = 0;
};

struct JobEvent {
  int64_t sequence = 0;  // 1, 2, 3, ... per job, without gaps
  Time time;
  JobState state = JobState::kUnknown;
  JobStage stage = JobStage::kNone;
  int64_t done = 0, total = 0;  // epochs or images of the stage; total 0: it has none
  int round = 0;                // from 1; 0 outside of packing
  std::optional<double> loss, accuracy, density;
  int64_t columns_before = 0, columns_after = 0;
  std::optional<double> remaining_seconds;
  std::string message;
};

// Returns whether to go on watching.
using EventCallback = std::function<bool(const JobEvent& event)>;

// Model and artifact are REQUIRED, dataset unless the recipe's training mode is data_free.
struct JobOptions {
  std::string model = {};
  std::string dataset = {};     // in role train
  std::string evaluation = {};  // in role evaluation; empty: a held-out 10 % of `dataset`
  std::string artifact = {};    // name under which the result is published
  std::string array = {};       // such as "16x18a8"; empty: the default
  Recipe recipe = {};
  int priority = 0;             // higher runs first, -100 to 100
  std::string request_id = {};  // see client.h; empty: a random one
};

}  // namespace colonnade::client
