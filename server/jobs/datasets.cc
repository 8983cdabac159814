// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/datasets.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "server/base/status.h"
#include "server/jobs/dataset_messages.h"
#include "server/jobs/page.h"
#include "server/jobs/requests.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/times.h"

namespace colonnade::jobs {
namespace {

constexpr const char* kJobsOfDataset =
    "SELECT job FROM jobs WHERE tenant = ? AND (dataset = ? OR evaluation = ?) ORDER BY number";
constexpr const char* kServedDatasets =
    "SELECT DISTINCT tenant, dataset FROM jobs UNION "
    "SELECT DISTINCT tenant, evaluation FROM jobs WHERE evaluation <> ''";

}  // namespace

std::string ErasureBytes(const privacy::ErasureInfo& erasure) {
  v1::ErasureRecord record = ToMessage(erasure);
  record.clear_signature();
  record.clear_public_key();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    record.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::StatusOr<std::vector<std::string>> JobsOfDataset(store::Database& database, const privacy::DatasetInfo& dataset) {
  const std::string& name = dataset.spec.name;
  COLONNADE_ASSIGN_OR_RETURN(const auto rows, ReadRows<store::Rows>(database, [&](store::Connection& connection) {
                               return connection.Run(kJobsOfDataset, {dataset.spec.tenant, name, name});
                             }));
  std::vector<std::string> jobs;
  for (const store::Row& row : rows) {
    COLONNADE_ASSIGN_OR_RETURN(const v1::Job job, FromBytes<v1::Job>(row.Bytes(0)));
    if (ToTime(job.create_time()) >= dataset.create_time) jobs.push_back(job.name());
  }
  return jobs;
}

absl::Status Datasets::Answer(const privacy::DatasetInfo& info, v1::Dataset& response) {
  response = ToMessage(info);
  COLONNADE_ASSIGN_OR_RETURN(const auto source, vault_.GetSource(info.spec.tenant, info.spec.source));
  *response.mutable_source_usage() = ToMessage(source);
  return absl::OkStatus();
}

absl::Status Datasets::Push(const std::string& tenant, const v1::PushDatasetRequest::Header& header, const Feed& feed,
                            v1::Dataset& response) {
  COLONNADE_RETURN_IF_ERROR(CheckRequestId("header.request_id", header.request_id()));
  const privacy::DatasetSpec spec = ToSpec(tenant, header);
  std::unique_lock lock(references_);
  COLONNADE_ASSIGN_OR_RETURN(const auto existing, vault_.Existing(spec));
  lock.unlock();
  if (existing) {
    COLONNADE_RETURN_IF_ERROR(feed([](std::string_view) { return absl::OkStatus(); }));
    return Answer(*existing, response);
  }
  COLONNADE_ASSIGN_OR_RETURN(const auto upload, vault_.Begin(spec));
  COLONNADE_RETURN_IF_ERROR(feed([&](std::string_view data) { return upload->Append(data); }));
  COLONNADE_ASSIGN_OR_RETURN(const auto info, upload->Commit());
  return Answer(info, response);
}

absl::Status Datasets::Get(const std::string& tenant, const v1::GetDatasetRequest& request, v1::Dataset& response) {
  COLONNADE_ASSIGN_OR_RETURN(const auto info, vault_.Get(tenant, request.name()));
  return Answer(info, response);
}

absl::Status Datasets::List(const std::string& tenant, const v1::ListDatasetsRequest& request,
                            v1::ListDatasetsResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  COLONNADE_ASSIGN_OR_RETURN(auto datasets, vault_.List(tenant, page.after, page.limit + 1));
  response.set_next_page_token(CutToPage(page, datasets, [](const auto& info) { return info.spec.name; }));
  for (const auto& info : datasets) COLONNADE_RETURN_IF_ERROR(Answer(info, *response.add_datasets()));
  return absl::OkStatus();
}

absl::Status Datasets::Delete(const std::string& tenant, const v1::DeleteDatasetRequest& request,
                              v1::DeleteDatasetResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const auto dataset, vault_.Get(tenant, request.name()));
  const std::lock_guard lock(references_);
  COLONNADE_RETURN_IF_ERROR(
      database_.Read([&](store::Connection& rows) { return CheckUnused(rows, tenant, "dataset", request.name()); }));
  COLONNADE_ASSIGN_OR_RETURN(const auto jobs, JobsOfDataset(database_, dataset));
  COLONNADE_ASSIGN_OR_RETURN(const auto erasure, vault_.Erase(tenant, request.name(), "requested", jobs));
  *response.mutable_erasure() = ToMessage(erasure);
  return absl::OkStatus();
}

absl::Status Datasets::GetSource(const std::string& tenant, const v1::GetSourceRequest& request, v1::Source& response) {
  COLONNADE_ASSIGN_OR_RETURN(const auto source, vault_.GetSource(tenant, request.name()));
  response = ToMessage(source);
  return absl::OkStatus();
}

absl::Status Datasets::ListSources(const std::string& tenant, const v1::ListSourcesRequest& request,
                                   v1::ListSourcesResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  COLONNADE_ASSIGN_OR_RETURN(auto sources, vault_.ListSources(tenant, page.after, page.limit + 1));
  response.set_next_page_token(CutToPage(page, sources, [](const auto& source) { return source.name; }));
  for (const auto& source : sources) *response.add_sources() = ToMessage(source);
  return absl::OkStatus();
}

absl::Status Datasets::ListErasures(const std::string& tenant, const v1::ListErasuresRequest& request,
                                    v1::ListErasuresResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  COLONNADE_ASSIGN_OR_RETURN(auto erasures, vault_.ListErasures(tenant, page.after_number() + 1, page.limit + 1));
  response.set_next_page_token(
      CutToPage(page, erasures, [](const auto& erasure) { return std::to_string(erasure.sequence); }));
  for (const auto& erasure : erasures) *response.add_erasures() = ToMessage(erasure);
  return absl::OkStatus();
}

absl::Status Datasets::EraseIfServed(const std::string& tenant, const std::string& name) {
  const auto info = vault_.Get(tenant, name);
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  COLONNADE_RETURN_IF_ERROR(info.status());
  if (info->erased() || info->spec.keep_after_jobs) return absl::OkStatus();
  return EraseUnlessUsed(*info);
}

absl::Status Datasets::EraseUnlessUsed(const privacy::DatasetInfo& info) {
  const std::string& tenant = info.spec.tenant;
  const std::string& name = info.spec.name;
  const std::lock_guard lock(references_);
  const absl::Status unused =
      database_.Read([&](store::Connection& rows) { return CheckUnused(rows, tenant, "dataset", name); });
  if (absl::IsFailedPrecondition(unused)) return absl::OkStatus();
  COLONNADE_RETURN_IF_ERROR(unused);
  COLONNADE_ASSIGN_OR_RETURN(const auto jobs, JobsOfDataset(database_, info));
  if (jobs.empty()) return absl::OkStatus();
  return vault_.Erase(tenant, name, "jobs_finished", jobs).status();
}

absl::Status Datasets::EraseAllServed() {
  COLONNADE_ASSIGN_OR_RETURN(const auto rows, ReadRows<store::Rows>(database_, [](store::Connection& connection) {
                               return connection.Run(kServedDatasets);
                             }));
  for (const store::Row& row : rows) COLONNADE_RETURN_IF_ERROR(EraseIfServed(row.Text(0), row.Text(1)));
  return absl::OkStatus();
}

}  // namespace colonnade::jobs
