// SPDX-License-Identifier: Apache-2.0
// A charge looks at every record first and changes something only when all may pass: a
// refusal then costs no writes. Transactions run one at a time (store/database.h), so
// that what was looked at still holds when it is changed.
#include "server/privacy/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/privacy/rows.h"

namespace colonnade::privacy {
namespace {

using store::Connection;

constexpr const char* kSelectSources =
    "SELECT id, name, tenant, samples, ceiling, used, evaluation_records, create_time FROM sources WHERE ";

absl::StatusOr<std::vector<Source>> Select(Connection& rows, const char* condition,
                                           const std::vector<store::Value>& arguments) {
  const std::string sql = fmt::format("{}{}", kSelectSources, condition);
  COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run(sql.c_str(), arguments));
  std::vector<Source> sources;
  for (const store::Row& row : found) {
    Columns columns(row);
    Source& source = sources.emplace_back();
    source.id = columns.Int();
    source.info.name = columns.Text();
    source.info.tenant = columns.Text();
    source.info.samples = columns.Int();
    source.info.ceiling = columns.Int();
    source.info.used = columns.Int();
    source.info.evaluation_records = columns.Int();
    source.info.create_time = absl::FromUnixNanos(columns.Int());
  }
  return sources;
}

std::string_view NameOf(Role role) { return role == Role::kTrain ? "train" : "evaluation"; }

absl::Status InBothRoles(const SourceInfo& source, Role role, int64_t count) {
  const Role other = role == Role::kTrain ? Role::kEvaluation : Role::kTrain;
  return WithResource(
      absl::FailedPreconditionError(fmt::format(
          "dataset: {} of these records were uploaded before with role {}; a record cannot have role {} as well", count,
          NameOf(other), NameOf(role))),
      "source", source.name);
}

std::string Allowance(const SourceInfo& source) {
  return fmt::format("source '{}' allows {} distinct training records ({:.3g} % of {})", source.name, source.ceiling,
                     100.0 * static_cast<double>(source.ceiling) / static_cast<double>(source.samples), source.samples);
}

absl::Status OverCeiling(const SourceInfo& source, const std::string& message) {
  return WithQuota(absl::ResourceExhaustedError(fmt::format("dataset: {}; {}", Allowance(source), message)),
                   "source:" + source.name);
}

store::Blob ToBlob(const RecordFingerprint& record) { return {std::string(record.begin(), record.end())}; }

// What the ledger knows of records before they are charged.
struct Look {
  std::vector<RecordFingerprint> unseen;  // by this source
  int64_t in_other_role = 0;              // in any source
};

absl::StatusOr<Look> LookUp(Connection& rows, const Source& source, Role role,
                            const std::vector<RecordFingerprint>& records) {
  Look look;
  for (const RecordFingerprint& record : records) {
    COLONNADE_ASSIGN_OR_RETURN(
        const store::Rows found,
        rows.Run("SELECT source, role FROM fingerprints WHERE fingerprint = ?", {ToBlob(record)}));
    const auto here = [&](const store::Row& row) { return row.Int(0) == source.id; };
    const auto elsewise = [&](const store::Row& row) { return row.Int(1) != int64_t(role); };
    if (std::any_of(found.begin(), found.end(), elsewise)) ++look.in_other_role;
    if (std::none_of(found.begin(), found.end(), here)) look.unseen.push_back(record);
  }
  return look;
}

}  // namespace

int64_t CeilingOf(double fraction, int64_t samples) {
  // 0.29 of 100 is 28.999999999999996 in binary: the last bit must not cost a record.
  constexpr double kLastBits = 1 + 1e-13;
  const double ceiling = std::floor(fraction * static_cast<double>(samples) * kLastBits);
  return std::min(samples, static_cast<int64_t>(ceiling));
}

absl::StatusOr<std::vector<Source>> SelectSources(Connection& rows, const std::string& tenant, const std::string& after,
                                                  int64_t limit) {
  return Select(rows, "tenant = ? AND name > ? ORDER BY name LIMIT ?", {tenant, after, limit});
}

absl::StatusOr<std::optional<Source>> FindSource(Connection& rows, const std::string& tenant, const std::string& name) {
  COLONNADE_ASSIGN_OR_RETURN(auto found, Select(rows, "tenant = ? AND name = ?", {tenant, name}));
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

absl::Status CheckSamples(const SourceInfo& source, int64_t samples) {
  if (source.samples == samples) return absl::OkStatus();
  const std::string message =
      fmt::format("dataset: source '{}' was registered with {} samples, which never changes; this upload says {}",
                  source.name, source.samples, samples);
  return WithResource(absl::FailedPreconditionError(message), "source", source.name);
}

absl::StatusOr<Source> RegisterSource(Connection& rows, const DatasetSpec& spec, double ceiling_fraction,
                                      absl::Time now) {
  COLONNADE_ASSIGN_OR_RETURN(auto source, FindSource(rows, spec.tenant, spec.source));
  if (!source) {
    COLONNADE_RETURN_IF_ERROR(
        rows.Run("INSERT INTO sources (id, tenant, name, samples, ceiling, used, evaluation_records, create_time) "
                 "SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?, ?, 0, 0, ? FROM sources",
                 {spec.tenant, spec.source, spec.source_samples, CeilingOf(ceiling_fraction, spec.source_samples),
                  absl::ToUnixNanos(now)})
            .status());
    COLONNADE_ASSIGN_OR_RETURN(source, FindSource(rows, spec.tenant, spec.source));
  }
  COLONNADE_RETURN_IF_ERROR(CheckSamples(source->info, spec.source_samples));
  return *std::move(source);
}

absl::Status Charge(Connection& rows, const Source& source, Role role, const std::vector<RecordFingerprint>& records) {
  COLONNADE_ASSIGN_OR_RETURN(const Look look, LookUp(rows, source, role, records));
  if (look.in_other_role > 0) return InBothRoles(source.info, role, look.in_other_role);
  const auto added = static_cast<int64_t>(look.unseen.size());
  if (role == Role::kTrain && added > source.info.ceiling - source.info.used) {
    return OverCeiling(source.info, fmt::format("{} are used and this upload adds {}", source.info.used, added));
  }
  for (const RecordFingerprint& record : look.unseen) {
    COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO fingerprints (fingerprint, source, role) VALUES (?, ?, ?)",
                                       {ToBlob(record), source.id, int64_t(role)})
                                  .status());
  }
  const char* count = role == Role::kTrain
                          ? "UPDATE sources SET used = used + ? WHERE id = ?"
                          : "UPDATE sources SET evaluation_records = evaluation_records + ? WHERE id = ?";
  return rows.Run(count, {added, source.id}).status();
}

absl::Status CheckCeiling(Connection& rows, int64_t source_id) {
  COLONNADE_ASSIGN_OR_RETURN(const auto sources, Select(rows, "id = ?", {source_id}));
  COLONNADE_ASSIGN_OR_RETURN(
      const store::Rows counted,
      rows.Run("SELECT COUNT(*) FROM fingerprints WHERE source = ? AND role = ?", {source_id, int64_t(Role::kTrain)}));
  const SourceInfo& source = sources.at(0).info;
  const int64_t used = counted[0].Int(0);
  if (used <= source.ceiling) return absl::OkStatus();
  return OverCeiling(source, fmt::format("{} are used", used));
}

}  // namespace colonnade::privacy
