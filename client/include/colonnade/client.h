// SPDX-License-Identifier: Apache-2.0
// The Colonnade client: models, data sets, packing jobs, artifacts and inference on a
// server, in plain C++.
//
//   auto client = colonnade::client::Client::Connect({.server = "127.0.0.1:8500"});
//   if (!client.ok()) ...
//   auto model = (*client)->PushModelFile("resnet20", "resnet20.onnx");
//   auto job = (*client)->SubmitJob({.model = "resnet20", .dataset = "c10", .artifact = "r20p"});
//   auto ended = (*client)->WatchJob(job->name, 1, [](const JobEvent& e) { return true; });
//
// Errors. Every call returns the server's status with its details, or one of its own:
// UNAVAILABLE when no server answers, DEADLINE_EXCEEDED when the time is over,
// NOT_FOUND and INVALID_ARGUMENT for a local file that is not there or cannot be read or
// written. A model that the server will not take has the reason "MODEL_REFUSED". Calls
// that return an error have changed nothing, except that after UNAVAILABLE and
// DEADLINE_EXCEEDED the server may still have done the work.
//
// Repetition. UNAVAILABLE, and RESOURCE_EXHAUSTED from a server that says when to come
// back, are repeated with exponential backoff and jitter until the call's time is over
// or the attempts are used up. Calls that create something carry a request id, the same
// in every attempt, so that nothing is created twice; where the options take one, give
// it yourself to repeat a call over a restart of your own program. Deletions are tried
// once.
//
// Connections are not encrypted: use a unix socket, a private network or a proxy,
// above all together with a token.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/artifacts.h"
#include "colonnade/common.h"
#include "colonnade/datasets.h"
#include "colonnade/formats.h"
#include "colonnade/inference.h"
#include "colonnade/jobs.h"
#include "colonnade/models.h"
#include "colonnade/recipe.h"
#include "colonnade/result.h"

namespace colonnade::client {

struct RetryOptions {
  int attempts = 6;                               // in all; 1: never repeat
  std::chrono::milliseconds first_delay{100};     // doubled after every attempt,
  std::chrono::milliseconds longest_delay{2000};  // up to this; up to half of it is left out at random
};

struct ClientOptions {
  std::string server = "127.0.0.1:8500";  // HOST:PORT, [IPV6]:PORT or unix:PATH
  std::string tenant = {};                // metadata colonnade-tenant; empty: not sent
  std::string token = {};                 // metadata authorization, as a bearer token; empty: not sent
  // From the beginning of a call to its end, repetitions included: calls that move
  // models, records or artifacts; all others.
  std::chrono::milliseconds transfer_timeout{std::chrono::hours(1)};
  std::chrono::milliseconds timeout{std::chrono::seconds(60)};
  // How long WatchJob, once it has seen an event, tries to reach a server that has gone.
  std::chrono::milliseconds watch_patience{std::chrono::seconds(60)};
  RetryOptions retry = {};
};

// Connection to one server. Thread-safe: calls may run at the same time. Calls block.
class Client {
 public:
  // Checks the options (INVALID_ARGUMENT names the member) and prepares a connection,
  // which is made when the first call needs it.
  static Result<std::unique_ptr<Client>> Connect(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- Models -------------------------------------------------------------------
  // Uploads an ONNX file of at most 1 GiB. The same bytes under the same name again
  // give the stored model; other bytes are ALREADY_EXISTS.
  Result<Model> PushModelFile(const std::string& name, const std::string& path, const Progress& progress = {});
  Result<Model> PushModel(const std::string& name, std::string_view onnx, const Progress& progress = {});
  // What the server thinks of a stored model, or of a file or bytes it will not keep.
  Result<ModelReport> InspectModel(const std::string& name);
  Result<ModelReport> InspectModelFile(const std::string& path, const Progress& progress = {});
  Result<ModelReport> InspectModelBytes(std::string_view onnx, const Progress& progress = {});
  Result<Model> GetModel(const std::string& name);
  Result<std::vector<Model>> ListModels();
  Status DeleteModel(const std::string& name);

  // --- Data sets ----------------------------------------------------------------
  // Uploads decoded records (formats.h). RESOURCE_EXHAUSTED with reason
  // "DATA_BUDGET_EXCEEDED" when the source's ceiling does not allow them.
  Result<Dataset> PushDataset(const Records& records, const DatasetOptions& options, const Progress& progress = {});
  Result<Dataset> GetDataset(const std::string& name);
  Result<std::vector<Dataset>> ListDatasets();
  // Erases records and key at once and returns the proof.
  Result<ErasureRecord> DeleteDataset(const std::string& name);
  Result<Source> GetSource(const std::string& name);
  Result<std::vector<Source>> ListSources();
  // Oldest first.
  Result<std::vector<ErasureRecord>> ListErasures();

  // --- Jobs ---------------------------------------------------------------------
  Result<Job> SubmitJob(const JobOptions& options);
  Result<Job> GetJob(const std::string& name);
  // Newest first; of these states only, or of all.
  Result<std::vector<Job>> ListJobs(const std::vector<JobState>& states = {});
  // Asks the job to stop; one that has ended is returned as it is.
  Result<Job> CancelJob(const std::string& name);
  // Calls `on_event` for every event from a sequence number on, each once and in order,
  // until the job has ended or on_event returns false. Reconnects, for `watch_patience`
  // at a stretch. No deadline. OK says nothing about the job's own end: read the last
  // event, or GetJob.
  Status WatchJob(const std::string& name, int64_t from_sequence, const EventCallback& on_event);
  // The recipe with every default filled in and every range checked.
  Result<Recipe> ResolveRecipe(const Recipe& recipe, const std::string& array = {});

  // --- Artifacts ----------------------------------------------------------------
  // Version 0 is the newest.
  Result<Artifact> GetArtifact(const std::string& name, int64_t version = 0);
  // All versions of one name, or of all; by name, then newest first.
  Result<std::vector<Artifact>> ListArtifacts(const std::string& name = {});
  // Writes the artifact to `path`, which appears, or is replaced, only when size and
  // digest are right; DATA_LOSS when they are not.
  Result<PulledArtifact> PullArtifact(const std::string& name, int64_t version, ArtifactFormat format,
                                      const std::string& path, const Progress& progress = {});
  // One version; it cannot be 0.
  Status DeleteArtifact(const std::string& name, int64_t version);

  // --- Inference and server -----------------------------------------------------
  Result<InferResult> Infer(const InferRequest& request);
  // Version 0 is the newest.
  Result<ModelMetadata> GetModelMetadata(const std::string& artifact, int64_t version = 0);
  Result<ServerStatus> GetStatus();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace colonnade::client
