// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/call.h"

#include <fmt/format.h>

#include "server/base/names.h"
#include "server/base/status.h"

namespace colonnade::rpc {

absl::StatusOr<std::string> Calls::Tenant(const grpc::ServerContextBase& context) const {
  const auto found = context.client_metadata().find(kTenantKey);
  if (found == context.client_metadata().end()) return kDefaultTenant;
  const std::string tenant(found->second.data(), found->second.size());
  COLONNADE_RETURN_IF_ERROR(CheckName(kTenantKey, tenant));
  if (trust_tenant_ || tenant == kDefaultTenant) return tenant;
  return absl::PermissionDeniedError(
      fmt::format("tenant '{}' must authenticate; this server knows only '{}'", tenant, kDefaultTenant));
}

void Calls::ReportUpload(std::string_view kind, int64_t bytes) const {
  metrics_.Count("colonnade_upload_bytes_total", {{"kind", kind}}, double(bytes));
}

void Calls::Report(std::string_view method, const absl::Status& status, absl::Duration took) const {
  const std::string code = absl::StatusCodeToString(status.code());
  metrics_.Count("colonnade_requests_total", {{"method", method}, {"code", code}}, 1);
  metrics_.Observe("colonnade_request_duration_seconds", {{"method", method}}, absl::ToDoubleSeconds(took));
}

}  // namespace colonnade::rpc
