// SPDX-License-Identifier: Apache-2.0
#include "client/src/from_proto.h"

namespace colonnade::client {
namespace {

Measured FromProto(const v1::Measured& measured) {
  return {measured.columns(), measured.tiles(), measured.cycles(), measured.weight_bytes()};
}

}  // namespace

JobResult FromProto(const v1::JobResult& message) {
  JobResult result;
  result.artifact_version = message.artifact_version();
  result.dense = FromProto(message.dense());
  result.packed = FromProto(message.packed());
  result.dense_accuracy = message.dense_accuracy();
  result.packed_accuracy = message.packed_accuracy();
  result.quantized_accuracy = message.quantized_accuracy();
  if (message.has_dense_quantized_accuracy()) result.dense_quantized_accuracy = message.dense_quantized_accuracy();
  result.accuracy_source = message.accuracy_source();
  result.accuracy_images = message.accuracy_images();
  result.packing_efficiency = message.packing_efficiency();
  result.packing_efficiency_tiled = message.packing_efficiency_tiled();
  result.data_used = message.data_used();
  result.data_ceiling = message.data_ceiling();
  result.epochs = message.epochs();
  result.stage_seconds.insert(message.stage_seconds().begin(), message.stage_seconds().end());
  result.report_json = message.report_json();
  return result;
}

Job FromProto(const v1::Job& message) {
  Job job;
  job.name = message.name();
  job.tenant = message.tenant();
  job.create_time = FromProto(message.create_time());
  if (message.has_start_time()) job.start_time = FromProto(message.start_time());
  if (message.has_end_time()) job.end_time = FromProto(message.end_time());
  job.model = message.model();
  job.dataset = message.dataset();
  job.evaluation = message.evaluation();
  job.artifact = message.artifact();
  job.array = message.array();
  job.recipe = Recipe::FromSerialized(message.recipe().SerializeAsString());
  job.priority = message.priority();
  job.state = Known(message.state(), JobState::kCancelled);
  job.stage = Known(message.stage(), JobStage::kPublish);
  job.last_sequence = message.last_sequence();
  if (message.has_error())
    job.error = {Known(message.error().code(), Code::kUnauthenticated), message.error().message()};
  job.error_stage = Known(message.error().stage(), JobStage::kPublish);
  if (message.has_result()) job.result = FromProto(message.result());
  job.attempts = message.attempts();
  return job;
}

JobEvent FromProto(const v1::JobEvent& message) {
  JobEvent event;
  event.sequence = message.sequence();
  event.time = FromProto(message.time());
  event.state = Known(message.state(), JobState::kCancelled);
  event.stage = Known(message.stage(), JobStage::kPublish);
  event.done = message.done();
  event.total = message.total();
  event.round = message.round();
  if (message.has_loss()) event.loss = message.loss();
  if (message.has_accuracy()) event.accuracy = message.accuracy();
  if (message.has_density()) event.density = message.density();
  event.columns_before = message.columns_before();
  event.columns_after = message.columns_after();
  if (message.has_remaining_seconds()) event.remaining_seconds = message.remaining_seconds();
  event.message = message.message();
  return event;
}

Artifact FromProto(const v1::Artifact& message) {
  Artifact artifact;
  artifact.name = message.name();
  artifact.version = message.version();
  artifact.tenant = message.tenant();
  artifact.create_time = FromProto(message.create_time());
  artifact.job = message.job();
  artifact.model = message.model();
  artifact.array = message.array();
  artifact.array_digest = message.array_digest();
  artifact.size_bytes = message.size_bytes();
  artifact.sha256 = message.sha256();
  artifact.result = FromProto(message.result());
  artifact.input_name = message.input_name();
  artifact.input_datatype = message.input_datatype();
  artifact.input_shape = FromProto(message.input_shape());
  artifact.normalization = FromProto(message.normalization());
  artifact.output_name = message.output_name();
  artifact.classes = message.classes();
  artifact.executors.assign(message.executors().begin(), message.executors().end());
  return artifact;
}

}  // namespace colonnade::client
