// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace colonnade::cli {
namespace {

std::string ToHex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string WholeSeconds(client::Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

int64_t NanosecondsOfSecond(client::Time time) {
  return std::chrono::nanoseconds(time - std::chrono::floor<std::chrono::seconds>(time)).count();
}

Json WithNanoseconds(client::Time time) {
  return fmt::format("{}.{:09}Z", WholeSeconds(time), NanosecondsOfSecond(time));
}

template <typename T>
void AddPresent(Json& json, const char* key, const std::optional<T>& value) {
  if (!value) return;
  if constexpr (std::is_arithmetic_v<T>) {
    json[key] = *value;
  } else {
    json[key] = ToJson(*value);
  }
}

void AddPresent(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

// The text of another program's JSON, or as a string where it is none.
Json Embedded(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

}  // namespace

Json ToJson(client::Time time) {
  return fmt::format("{}.{:03}Z", WholeSeconds(time), NanosecondsOfSecond(time) / 1'000'000);
}

Json ToJson(const client::Shape& shape) {
  return {{"channels", shape.channels}, {"height", shape.height}, {"width", shape.width}};
}

Json ToJson(const client::Normalization& normalization) {
  return {{"mean", normalization.mean}, {"deviation", normalization.deviation}};
}

Json ToJson(const client::NodeVerdict& node) {
  Json json = {
      {"name", node.name}, {"op_type", node.op_type}, {"verdict", Word(node.verdict)}, {"reason", node.reason}};
  if (!node.remedy.empty()) json["remedy"] = node.remedy;
  return json;
}

Json ToJson(const client::LayerReport& layer) {
  return {{"name", layer.name},     {"rows", layer.rows},         {"columns", layer.columns},
          {"pixels", layer.pixels}, {"nonzeros", layer.nonzeros}, {"depthwise", layer.depthwise}};
}

Json ToJson(const client::Measured& measured) {
  return {{"columns", measured.columns},
          {"tiles", measured.tiles},
          {"cycles", measured.cycles},
          {"weight_bytes", measured.weight_bytes}};
}

Json ToJson(const client::ModelReport& report) {
  return {{"accepted", report.accepted},
          {"input_name", report.input_name},
          {"input_shape", ToJson(report.input_shape)},
          {"output_name", report.output_name},
          {"classes", report.classes},
          {"dense_macs", report.dense_macs},
          {"parameters", report.parameters},
          {"producer", report.producer},
          {"opset", report.opset},
          {"nodes", ToJson(report.nodes)},
          {"layers", ToJson(report.layers)}};
}

Json ToJson(const client::Model& model) {
  return {{"name", model.name},
          {"tenant", model.tenant},
          {"create_time", ToJson(model.create_time)},
          {"size_bytes", model.size_bytes},
          {"sha256", model.sha256},
          {"report", ToJson(model.report)}};
}

Json ToJson(const client::Source& source) {
  return {{"name", source.name},
          {"tenant", source.tenant},
          {"samples", source.samples},
          {"ceiling", source.ceiling},
          {"used", source.used},
          {"evaluation_records", source.evaluation_records},
          {"ceiling_fraction", source.ceiling_fraction},
          {"create_time", ToJson(source.create_time)}};
}

Json ToJson(const client::ErasureRecord& record) {
  return {{"sequence", record.sequence},
          {"dataset", record.dataset},
          {"source", record.source},
          {"records", record.records},
          {"erase_time", WithNanoseconds(record.erase_time)},
          {"reason", record.reason},
          {"ciphertext_sha256", record.ciphertext_sha256},
          {"key_id", record.key_id},
          {"jobs", record.jobs},
          {"previous_sha256", ToHex(record.previous_sha256)},
          {"signature", ToHex(record.signature)},
          {"public_key", ToHex(record.public_key)}};
}

Json ToJson(const client::Dataset& dataset) {
  Json json = {{"name", dataset.name},
               {"tenant", dataset.tenant},
               {"create_time", ToJson(dataset.create_time)},
               {"role", Word(dataset.role)},
               {"source", dataset.source},
               {"shape", ToJson(dataset.shape)},
               {"normalization", ToJson(dataset.normalization)},
               {"records", dataset.records},
               {"distinct_records", dataset.distinct_records},
               {"classes", dataset.classes},
               {"labelled", dataset.labelled},
               {"size_bytes", dataset.size_bytes},
               {"state", Word(dataset.state)}};
  AddPresent(json, "erase_time", dataset.erase_time);
  json["source_usage"] = ToJson(dataset.source_usage);
  AddPresent(json, "erasure", dataset.erasure);
  return json;
}

Json ToJson(const client::JobResult& result) {
  Json json = {{"artifact_version", result.artifact_version},
               {"dense", ToJson(result.dense)},
               {"packed", ToJson(result.packed)},
               {"dense_accuracy", result.dense_accuracy},
               {"packed_accuracy", result.packed_accuracy},
               {"quantized_accuracy", result.quantized_accuracy},
               {"accuracy_source", result.accuracy_source},
               {"accuracy_images", result.accuracy_images},
               {"packing_efficiency", result.packing_efficiency},
               {"packing_efficiency_tiled", result.packing_efficiency_tiled},
               {"data_used", result.data_used},
               {"data_ceiling", result.data_ceiling},
               {"epochs", result.epochs},
               {"stage_seconds", Json(result.stage_seconds)},
               {"report", Embedded(result.report_json)}};
  AddPresent(json, "dense_quantized_accuracy", result.dense_quantized_accuracy);
  return json;
}

Json ToJson(const client::Job& job) {
  Json json = {{"name", job.name},         {"tenant", job.tenant}, {"state", Word(job.state)},
               {"stage", Word(job.stage)}, {"model", job.model},   {"dataset", job.dataset}};
  AddPresent(json, "evaluation", job.evaluation);
  json["artifact"] = job.artifact;
  json["array"] = job.array;
  json["priority"] = job.priority;
  json["create_time"] = ToJson(job.create_time);
  AddPresent(json, "start_time", job.start_time);
  AddPresent(json, "end_time", job.end_time);
  json["last_sequence"] = job.last_sequence;
  json["attempts"] = job.attempts;
  json["recipe"] = Json::parse(job.recipe.ToJson());
  if (!job.error.ok()) {
    json["error"] = {
        {"code", CodeName(job.error.code())}, {"message", job.error.message()}, {"stage", Word(job.error_stage)}};
  }
  AddPresent(json, "result", job.result);
  return json;
}

Json ToJson(const client::JobEvent& event) {
  Json json = {{"sequence", event.sequence}, {"time", ToJson(event.time)}, {"state", Word(event.state)},
               {"stage", Word(event.stage)}, {"done", event.done},         {"total", event.total},
               {"round", event.round}};
  AddPresent(json, "loss", event.loss);
  AddPresent(json, "accuracy", event.accuracy);
  AddPresent(json, "density", event.density);
  json["columns_before"] = event.columns_before;
  json["columns_after"] = event.columns_after;
  AddPresent(json, "remaining_seconds", event.remaining_seconds);
  AddPresent(json, "message", event.message);
  return json;
}

Json ToJson(const client::Artifact& artifact) {
  return {{"name", artifact.name},
          {"version", artifact.version},
          {"tenant", artifact.tenant},
          {"create_time", ToJson(artifact.create_time)},
          {"job", artifact.job},
          {"model", artifact.model},
          {"array", artifact.array},
          {"array_digest", artifact.array_digest},
          {"size_bytes", artifact.size_bytes},
          {"sha256", artifact.sha256},
          {"input_name", artifact.input_name},
          {"input_datatype", artifact.input_datatype},
          {"input_shape", ToJson(artifact.input_shape)},
          {"normalization", ToJson(artifact.normalization)},
          {"output_name", artifact.output_name},
          {"classes", artifact.classes},
          {"executors", artifact.executors},
          {"result", ToJson(artifact.result)}};
}

Json ToJson(const client::ServerStatus& status) {
  return {{"version", status.version}, {"ready", status.ready},         {"start_time", ToJson(status.start_time)},
          {"tenant", status.tenant},   {"executors", status.executors}, {"arrays", status.arrays},
          {"jobs", Json(status.jobs)}, {"artifacts", status.artifacts}};
}

std::string Indented(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string OneLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace colonnade::cli
