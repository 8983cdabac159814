// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/dataset_messages.h"

#include "server/jobs/image_messages.h"
#include "server/jobs/times.h"

namespace colonnade::jobs {
privacy::DatasetSpec ToSpec(const std::string& tenant, const v1::PushDatasetRequest::Header& header) {
  privacy::DatasetSpec spec;
  spec.tenant = tenant;
  spec.name = header.name();
  spec.source = header.source();
  spec.request_id = header.request_id();
  spec.role = privacy::Role(int(header.role()));
  spec.source_samples = header.source_samples();
  spec.shape = FromMessage(header.shape());
  spec.mean.assign(header.normalization().mean().begin(), header.normalization().mean().end());
  spec.deviation.assign(header.normalization().deviation().begin(), header.normalization().deviation().end());
  spec.classes = header.classes();
  spec.records = header.records();
  spec.sha256 = header.sha256();
  if (header.has_retain()) spec.retain = absl::Seconds(header.retain().seconds());
  spec.keep_after_jobs = header.keep_after_jobs();
  return spec;
}

v1::Source ToMessage(const privacy::SourceInfo& source) {
  v1::Source message;
  message.set_name(source.name);
  message.set_tenant(source.tenant);
  message.set_samples(source.samples);
  message.set_ceiling(source.ceiling);
  message.set_used(source.used);
  message.set_evaluation_records(source.evaluation_records);
  message.set_ceiling_fraction(double(source.ceiling) / double(source.samples));
  *message.mutable_create_time() = ToTimestamp(source.create_time);
  return message;
}

v1::ErasureRecord ToMessage(const privacy::ErasureInfo& erasure) {
  v1::ErasureRecord message;
  message.set_sequence(erasure.sequence);
  message.set_dataset(erasure.dataset);
  message.set_source(erasure.source);
  message.set_records(erasure.records);
  *message.mutable_erase_time() = ToTimestamp(erasure.time);
  message.set_reason(erasure.reason);
  message.set_ciphertext_sha256(erasure.ciphertext_sha256);
  message.set_key_id(erasure.key_id);
  message.mutable_jobs()->Assign(erasure.jobs.begin(), erasure.jobs.end());
  message.set_previous_sha256(erasure.previous_sha256);
  message.set_signature(erasure.signature);
  message.set_public_key(erasure.public_key);
  return message;
}

v1::Dataset ToMessage(const privacy::DatasetInfo& dataset) {
  const privacy::DatasetSpec& spec = dataset.spec;
  v1::Dataset message;
  message.set_name(spec.name);
  message.set_tenant(spec.tenant);
  *message.mutable_create_time() = ToTimestamp(dataset.create_time);
  message.set_role(v1::DataRole(int(spec.role)));
  message.set_source(spec.source);
  *message.mutable_shape() = ToMessage(spec.shape);
  *message.mutable_normalization() = ToMessage(spec.mean, spec.deviation);
  message.set_records(spec.records);
  message.set_distinct_records(dataset.distinct_records);
  message.set_classes(spec.classes);
  message.set_labelled(dataset.labelled);
  message.set_size_bytes(dataset.size_bytes);
  message.set_state(dataset.erased() ? v1::Dataset::ERASED : v1::Dataset::STORED);
  if (dataset.erase_time) *message.mutable_erase_time() = ToTimestamp(*dataset.erase_time);
  if (dataset.erasure) *message.mutable_erasure() = ToMessage(*dataset.erasure);
  return message;
}

}  // namespace colonnade::jobs
