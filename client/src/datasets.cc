// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "client/src/from_proto.h"
#include "client/src/impl.h"
#include "client/src/sha256.h"

namespace colonnade::client {
namespace {

// What RecordBytes relies on.
Status CheckSizes(const Records& records) {
  const int64_t pixels = int64_t{1} * records.channels * records.height * records.width;
  if (records.labels.empty()) return InvalidField("records", "there are none");
  if (pixels > 0 && records.pixels.size() / size_t(pixels) == records.labels.size() &&
      records.pixels.size() % size_t(pixels) == 0) {
    return {};
  }
  return InvalidField("records", std::to_string(records.labels.size()) + " labels, but " +
                                     std::to_string(records.pixels.size()) + " pixels for images of " +
                                     std::to_string(pixels));
}

int Classes(const Records& records, const DatasetOptions& options) {
  return options.classes > 0 ? options.classes : records.classes;
}

v1::PushDatasetRequest::Header Header(const Records& records, const DatasetOptions& options) {
  v1::PushDatasetRequest::Header header;
  header.set_name(options.name);
  header.set_request_id(options.request_id.empty() ? RandomUuid() : options.request_id);
  header.set_role(v1::DataRole(options.role));
  header.set_source(options.source);
  header.set_source_samples(options.source_samples);
  header.mutable_shape()->set_channels(records.channels);
  header.mutable_shape()->set_height(records.height);
  header.mutable_shape()->set_width(records.width);
  auto& normalization = *header.mutable_normalization();
  normalization.mutable_mean()->Assign(options.normalization.mean.begin(), options.normalization.mean.end());
  normalization.mutable_deviation()->Assign(options.normalization.deviation.begin(),
                                            options.normalization.deviation.end());
  header.set_classes(Classes(records, options));
  header.set_records(records.size());
  if (options.retain) header.mutable_retain()->set_seconds(options.retain->count());
  header.set_keep_after_jobs(options.keep_after_jobs);
  return header;
}

}  // namespace

Result<Dataset> Client::PushDataset(const Records& records, const DatasetOptions& options, const Progress& progress) {
  if (Status status = CheckSizes(records); !status.ok()) return status;
  const RecordBytes bytes(records);
  const Result<std::string> digest = Digest(bytes);
  if (!digest.ok()) return digest.status();
  v1::PushDatasetRequest::Header header = Header(records, options);
  header.set_sha256(*digest);
  v1::Dataset reply;
  const Status status =
      impl_->Upload(*impl_->datasets, &v1::Datasets::Stub::PushDataset, header, bytes, progress, reply);
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<Dataset> Client::GetDataset(const std::string& name) {
  v1::GetDatasetRequest request;
  request.set_name(name);
  v1::Dataset reply;
  const Status status =
      impl_->Call(*impl_->datasets, &v1::Datasets::Stub::GetDataset, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<std::vector<Dataset>> Client::ListDatasets() {
  std::vector<Dataset> datasets;
  const Status status =
      impl_->CallPages(*impl_->datasets, &v1::Datasets::Stub::ListDatasets, v1::ListDatasetsRequest(),
                       [&](const v1::ListDatasetsResponse& page) { Append(page.datasets(), datasets); });
  if (!status.ok()) return status;
  return datasets;
}

Result<ErasureRecord> Client::DeleteDataset(const std::string& name) {
  v1::DeleteDatasetRequest request;
  request.set_name(name);
  v1::DeleteDatasetResponse reply;
  const Status status = impl_->Call(*impl_->datasets, &v1::Datasets::Stub::DeleteDataset, request, reply,
                                    impl_->CallDeadline(), Repeat::kNever);
  if (!status.ok()) return status;
  return FromProto(reply.erasure());
}

Result<Source> Client::GetSource(const std::string& name) {
  v1::GetSourceRequest request;
  request.set_name(name);
  v1::Source reply;
  const Status status =
      impl_->Call(*impl_->datasets, &v1::Datasets::Stub::GetSource, request, reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

Result<std::vector<Source>> Client::ListSources() {
  std::vector<Source> sources;
  const Status status = impl_->CallPages(*impl_->datasets, &v1::Datasets::Stub::ListSources, v1::ListSourcesRequest(),
                                         [&](const v1::ListSourcesResponse& page) { Append(page.sources(), sources); });
  if (!status.ok()) return status;
  return sources;
}

Result<std::vector<ErasureRecord>> Client::ListErasures() {
  std::vector<ErasureRecord> erasures;
  const Status status =
      impl_->CallPages(*impl_->datasets, &v1::Datasets::Stub::ListErasures, v1::ListErasuresRequest(),
                       [&](const v1::ListErasuresResponse& page) { Append(page.erasures(), erasures); });
  if (!status.ok()) return status;
  return erasures;
}

}  // namespace colonnade::client
