// SPDX-License-Identifier: Apache-2.0
#include "server/serving/inference_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "absl/time/clock.h"
#include "server/base/status.h"

namespace colonnade::serving {
namespace {

constexpr int kImagesWorthAThread = 32;

// Pieces to cut a batch into when `running` requests share the cores.
int PiecesFor(int images, int running) {
  const int cores = std::max(1, int(std::thread::hardware_concurrency()));
  return std::max(1, std::min(cores / std::max(1, running), images / kImagesWorthAThread));
}

// Runs images [begin, end) of the batch.
absl::Status RunPiece(std::string_view bytes, int begin, int end, InferenceResult& result) {
  const ModelInfo& info = result.model->info();
  const size_t image = size_t(info.image_bytes()), classes = size_t(info.classes);
  const size_t first = size_t(begin), count = size_t(end - begin);
  const std::span<float> logits = std::span(result.logits).subspan(first * classes, count * classes);
  return result.model->Run(result.executor, bytes.substr(first * image, count * image), logits);
}

}  // namespace

absl::StatusOr<InferenceResult> InferenceEngine::Infer(const InferenceRequest& request) {
  const absl::Time start = absl::Now();
  SharedModel model;
  auto result = InferInside(request, model);
  Report(model, result, absl::Now() - start);
  return result;
}

absl::StatusOr<InferenceResult> InferenceEngine::InferInside(const InferenceRequest& request, SharedModel& model) {
  COLONNADE_ASSIGN_OR_RETURN(const Gate::Pass pass, gate_.Enter());
  COLONNADE_ASSIGN_OR_RETURN(model, models_.Get(request.model));
  InferenceResult result;
  result.model = model;
  COLONNADE_ASSIGN_OR_RETURN(result.executor, ChooseExecutor(*model, request.executor));
  COLONNADE_RETURN_IF_ERROR(CheckOutputs(model->info(), request.outputs));
  COLONNADE_ASSIGN_OR_RETURN(result.images, CheckInputs(model->info(), request.inputs));
  if (absl::Now() >= request.deadline) {
    return absl::DeadlineExceededError("the deadline passed before the inference started");
  }
  result.array_cycles = result.images * model->info().cycles;
  result.logits.resize(size_t(result.images) * size_t(model->info().classes));
  COLONNADE_RETURN_IF_ERROR(Compute(request.inputs[0], result));
  return result;
}

absl::Status InferenceEngine::Compute(const TensorView& input, InferenceResult& result) {
  const int pieces = PiecesFor(result.images, gate_.inside());
  const auto begin = [&](int piece) { return int(int64_t{1} * result.images * piece / pieces); };
  std::vector<absl::Status> statuses(size_t(pieces), absl::OkStatus());
  const auto run = [&](int piece) {
    statuses[size_t(piece)] = RunPiece(input.bytes, begin(piece), begin(piece + 1), result);
  };
  {
    std::vector<std::jthread> helpers;
    for (int piece = 1; piece < pieces; ++piece) helpers.emplace_back(run, piece);
    run(0);
  }
  const auto failed = std::find_if_not(statuses.begin(), statuses.end(), [](const auto& s) { return s.ok(); });
  if (failed == statuses.end()) return absl::OkStatus();
  return Annotate(*failed, fmt::format("input '{}' of model '{}'", input.name, result.model->info().name));
}

void InferenceEngine::Report(const SharedModel& model, const absl::StatusOr<InferenceResult>& result,
                             absl::Duration took) {
  const std::string name = model ? model->info().name : "unknown";
  const std::string version = model ? fmt::format("{}", model->info().version) : "";
  const std::string code = absl::StatusCodeToString(result.status().code());
  metrics_.Count("colonnade_infer_requests_total", {{"model", name}, {"version", version}, {"code", code}}, 1);
  metrics_.Set("colonnade_infer_pending_requests", {}, gate_.inside());
  if (!result.ok()) return;
  const Labels labels = {{"model", name}, {"version", version}, {"executor", result->executor}};
  metrics_.Count("colonnade_infer_samples_total", labels, result->images);
  metrics_.Count("colonnade_array_cycles_total", labels, double(result->array_cycles));
  metrics_.Observe("colonnade_infer_duration_seconds", labels, absl::ToDoubleSeconds(took));
}

}  // namespace colonnade::serving
