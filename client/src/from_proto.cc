// SPDX-License-Identifier: Apache-2.0
#include "client/src/from_proto.h"

#include <algorithm>

namespace colonnade::client {
namespace {

constexpr int64_t kFarSeconds = 9'000'000'000;  // what fits a clock of nanoseconds

}  // namespace

Time FromProto(const google::protobuf::Timestamp& time) {
  const std::chrono::seconds seconds(std::clamp(time.seconds(), -kFarSeconds, kFarSeconds));
  return Time(std::chrono::duration_cast<Time::duration>(seconds + std::chrono::nanoseconds(time.nanos())));
}

Shape FromProto(const v1::Shape& shape) { return {shape.channels(), shape.height(), shape.width()}; }

Normalization FromProto(const v1::Normalization& normalization) {
  return {{normalization.mean().begin(), normalization.mean().end()},
          {normalization.deviation().begin(), normalization.deviation().end()}};
}

NodeVerdict FromProto(const v1::NodeVerdict& node) {
  return {node.name(), node.op_type(), Known(node.verdict(), Verdict::kRefused), node.reason(), node.remedy()};
}

LayerReport FromProto(const v1::LayerReport& layer) {
  return {layer.name(), layer.rows(), layer.columns(), layer.pixels(), layer.nonzeros(), layer.depthwise()};
}

ModelReport FromProto(const v1::ModelReport& message) {
  ModelReport report;
  report.accepted = message.accepted();
  report.input_name = message.input_name();
  report.output_name = message.output_name();
  report.input_shape = FromProto(message.input_shape());
  report.classes = message.classes();
  Append(message.nodes(), report.nodes);
  Append(message.layers(), report.layers);
  report.dense_macs = message.dense_macs();
  report.parameters = message.parameters();
  report.producer = message.producer();
  report.opset = message.opset();
  return report;
}

Model FromProto(const v1::Model& message) {
  return {message.name(),       message.tenant(), FromProto(message.create_time()),
          message.size_bytes(), message.sha256(), FromProto(message.report())};
}

Source FromProto(const v1::Source& message) {
  return {message.name(),
          message.tenant(),
          message.samples(),
          message.ceiling(),
          message.used(),
          message.evaluation_records(),
          message.ceiling_fraction(),
          FromProto(message.create_time())};
}

ErasureRecord FromProto(const v1::ErasureRecord& message) {
  ErasureRecord record;
  record.sequence = message.sequence();
  record.dataset = message.dataset();
  record.source = message.source();
  record.records = message.records();
  record.erase_time = FromProto(message.erase_time());
  record.reason = message.reason();
  record.ciphertext_sha256 = message.ciphertext_sha256();
  record.key_id = message.key_id();
  record.jobs.assign(message.jobs().begin(), message.jobs().end());
  record.previous_sha256 = message.previous_sha256();
  record.signature = message.signature();
  record.public_key = message.public_key();
  return record;
}

Dataset FromProto(const v1::Dataset& message) {
  Dataset dataset;
  dataset.name = message.name();
  dataset.tenant = message.tenant();
  dataset.create_time = FromProto(message.create_time());
  dataset.role = Known(message.role(), Role::kEvaluation);
  dataset.source = message.source();
  dataset.shape = FromProto(message.shape());
  dataset.normalization = FromProto(message.normalization());
  dataset.records = message.records();
  dataset.distinct_records = message.distinct_records();
  dataset.classes = message.classes();
  dataset.labelled = message.labelled();
  dataset.size_bytes = message.size_bytes();
  dataset.state = Known(message.state(), DatasetState::kErased);
  if (message.has_erase_time()) dataset.erase_time = FromProto(message.erase_time());
  dataset.source_usage = FromProto(message.source_usage());
  if (message.has_erasure()) dataset.erasure = FromProto(message.erasure());
  return dataset;
}

ServerStatus FromProto(const v1::Status& message) {
  ServerStatus status;
  status.version = message.version();
  status.start_time = FromProto(message.start_time());
  status.tenant = message.tenant();
  status.executors.assign(message.executors().begin(), message.executors().end());
  status.arrays.assign(message.arrays().begin(), message.arrays().end());
  status.jobs.insert(message.jobs().begin(), message.jobs().end());
  status.artifacts = message.artifacts();
  status.ready = message.ready();
  return status;
}

}  // namespace colonnade::client
