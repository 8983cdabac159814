// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/models.h"

#include <fmt/format.h>

#include <mutex>

#include "server/base/error_details.h"
#include "server/base/names.h"
#include "server/base/status.h"
#include "server/jobs/page.h"
#include "server/jobs/requests.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/times.h"

namespace colonnade::jobs {
namespace {

using store::Connection;

// Between the look at the last row that names a blob and the removal of the blob, nobody
// may store a new row that names it.
std::mutex& BlobUse() {
  static std::mutex mutex;
  return mutex;
}

RequestKey KeyOf(const v1::Model& model, const v1::PushModelRequest::Header& header) {
  return {model.tenant(), header.request_id(), "PushModel", header.name() + " " + header.sha256()};
}

absl::Status CheckHeader(const v1::PushModelRequest::Header& header) {
  COLONNADE_RETURN_IF_ERROR(CheckName("header.name", header.name()));
  if (header.sha256().size() != 64) return InvalidField("header.sha256", "must be 64 hexadecimal digits");
  return CheckRequestId("header.request_id", header.request_id());
}

absl::StatusOr<std::unique_ptr<store::IncomingBlob>> Receive(store::Blobs& blobs, const Feed& feed,
                                                             const std::string& sha256) {
  COLONNADE_ASSIGN_OR_RETURN(auto incoming, blobs.Receive());
  COLONNADE_RETURN_IF_ERROR(feed([&](std::string_view data) { return incoming->Append(data); }));
  COLONNADE_ASSIGN_OR_RETURN(const std::string digest, incoming->Finish());
  if (sha256.empty() || digest == sha256) return incoming;
  return InvalidField("header.sha256", fmt::format("the bytes received have {}, not {}", digest, sha256));
}

}  // namespace

absl::StatusOr<v1::Model> Models::Find(Connection& rows, const std::string& tenant, const std::string& name) {
  COLONNADE_ASSIGN_OR_RETURN(const auto found,
                             rows.Run("SELECT model FROM models WHERE tenant = ? AND name = ?", {tenant, name}));
  if (found.empty()) return MissingResource("model", name);
  return FromBytes<v1::Model>(found[0].Bytes(0));
}

absl::Status Models::Push(const std::string& tenant, const v1::PushModelRequest::Header& header, const Feed& feed,
                          v1::Model& response) {
  COLONNADE_RETURN_IF_ERROR(CheckHeader(header));
  COLONNADE_ASSIGN_OR_RETURN(const auto incoming, Receive(blobs_, feed, header.sha256()));
  COLONNADE_RETURN_IF_ERROR(inspector_.Examine(incoming->path(), *response.mutable_report()));
  response.set_name(header.name());
  response.set_tenant(tenant);
  response.set_size_bytes(header.size_bytes());
  response.set_sha256(header.sha256());
  *response.mutable_create_time() = ToTimestamp(clock_());
  const std::lock_guard lock(BlobUse());
  COLONNADE_RETURN_IF_ERROR(incoming->Keep());
  if (const absl::Status stored = Store(response, header); !stored.ok()) {
    RemoveUnlessNamed(response.sha256());
    return stored;
  }
  v1::GetModelRequest stored;
  stored.set_name(header.name());
  return Get(tenant, stored, response);
}

absl::Status Models::Store(const v1::Model& model, const v1::PushModelRequest::Header& header) {
  return database_.Write([&](Connection& rows) -> absl::Status {
    const RequestKey key = KeyOf(model, header);
    COLONNADE_ASSIGN_OR_RETURN(const auto before, FindRequest(rows, key));
    const absl::StatusOr<v1::Model> stored = Find(rows, model.tenant(), model.name());
    if (stored.ok() && stored->sha256() == model.sha256()) return absl::OkStatus();
    if (stored.ok()) {
      return WithResource(absl::AlreadyExistsError(fmt::format(
                              "model '{}' exists with other bytes; delete it or choose another name", model.name())),
                          "model", model.name());
    }
    COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO models (tenant, name, sha256, model) VALUES (?, ?, ?, ?)",
                                       {model.tenant(), model.name(), model.sha256(), ToBlob(model)})
                                  .status());
    return before ? absl::OkStatus() : RememberRequest(rows, key, model.name(), clock_());
  });
}

absl::Status Models::Inspect(const std::string& tenant, const v1::InspectModelRequest::Header& header, const Feed& feed,
                             v1::ModelReport& response) {
  if (!header.name().empty()) {
    v1::GetModelRequest request;
    request.set_name(header.name());
    v1::Model model;
    COLONNADE_RETURN_IF_ERROR(Get(tenant, request, model));
    response.Swap(model.mutable_report());
    return absl::OkStatus();
  }
  COLONNADE_ASSIGN_OR_RETURN(const auto incoming, Receive(blobs_, feed, ""));
  const absl::Status status = inspector_.Examine(incoming->path(), response);
  // A refusal with a verdict per node is the answer that was asked for.
  return response.nodes_size() > 0 ? absl::OkStatus() : status;
}

absl::Status Models::Get(const std::string& tenant, const v1::GetModelRequest& request, v1::Model& response) {
  COLONNADE_ASSIGN_OR_RETURN(
      response, ReadRows<v1::Model>(database_, [&](Connection& rows) { return Find(rows, tenant, request.name()); }));
  return absl::OkStatus();
}

absl::Status Models::List(const std::string& tenant, const v1::ListModelsRequest& request,
                          v1::ListModelsResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  COLONNADE_ASSIGN_OR_RETURN(auto rows, ReadRows<store::Rows>(database_, [&](Connection& rows) {
                               return rows.Run(
                                   "SELECT model, name FROM models WHERE tenant = ? AND name > ? ORDER BY name LIMIT ?",
                                   {tenant, page.after, int64_t{page.limit} + 1});
                             }));
  response.set_next_page_token(CutToPage(page, rows, [](const store::Row& row) { return row.Text(1); }));
  for (const store::Row& row : rows) {
    COLONNADE_ASSIGN_OR_RETURN(*response.add_models(), FromBytes<v1::Model>(row.Bytes(0)));
  }
  return absl::OkStatus();
}

absl::Status Models::Delete(const std::string& tenant, const v1::DeleteModelRequest& request) {
  const std::lock_guard lock(BlobUse());
  std::string sha256;
  COLONNADE_RETURN_IF_ERROR(database_.Write([&](Connection& rows) -> absl::Status {
    COLONNADE_ASSIGN_OR_RETURN(const v1::Model model, Find(rows, tenant, request.name()));
    COLONNADE_RETURN_IF_ERROR(CheckUnused(rows, tenant, "model", request.name()));
    sha256 = model.sha256();
    return rows.Run("DELETE FROM models WHERE tenant = ? AND name = ?", {tenant, request.name()}).status();
  }));
  RemoveUnlessNamed(sha256);
  return absl::OkStatus();
}

// A blob that stays behind for an error is swept at the next start.
void Models::RemoveUnlessNamed(const std::string& sha256) {
  const auto named = ReadRows<store::Rows>(
      database_, [&](Connection& rows) { return rows.Run("SELECT 1 FROM models WHERE sha256 = ? LIMIT 1", {sha256}); });
  if (named.ok() && named->empty()) blobs_.Remove(sha256).IgnoreError();
}

}  // namespace colonnade::jobs
