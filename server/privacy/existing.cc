// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/existing.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/error_details.h"
#include "server/base/status.h"

namespace colonnade::privacy {
namespace {

bool SameUpload(const DatasetSpec& stored, DatasetSpec asked) {
  asked.request_id = stored.request_id;
  return asked == stored;
}

absl::Status InTheWay(const std::string& name, const std::string& message) {
  return WithResource(absl::AlreadyExistsError(message), "dataset", name);
}

absl::StatusOr<std::optional<StoredDataset>> Find(store::Connection& rows, const char* condition,
                                                  const std::string& tenant, const std::string& value) {
  COLONNADE_ASSIGN_OR_RETURN(auto found, SelectDatasets(rows, condition, {tenant, value}, 1));
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

}  // namespace

absl::StatusOr<std::optional<StoredDataset>> FindExisting(store::Connection& rows, const DatasetSpec& spec) {
  if (!spec.request_id.empty()) {
    COLONNADE_ASSIGN_OR_RETURN(auto same_request,
                               Find(rows, "d.tenant = ? AND d.request_id = ?", spec.tenant, spec.request_id));
    if (same_request && SameUpload(same_request->info.spec, spec)) return same_request;
    if (same_request) {
      return InTheWay(
          same_request->info.spec.name,
          fmt::format("request_id '{}' was used before, with other content; choose another one", spec.request_id));
    }
  }
  COLONNADE_ASSIGN_OR_RETURN(auto same_name, Find(rows, "d.tenant = ? AND d.name = ?", spec.tenant, spec.name));
  if (!same_name || same_name->state == State::kErased) return std::nullopt;
  if (same_name->state == State::kErasing) {
    return InTheWay(spec.name, fmt::format("dataset '{}' is being erased; try again when it is", spec.name));
  }
  if (SameUpload(same_name->info.spec, spec)) return same_name;
  return InTheWay(spec.name, fmt::format("dataset '{}' exists with other content or settings; delete it or choose "
                                         "another name",
                                         spec.name));
}

}  // namespace colonnade::privacy
