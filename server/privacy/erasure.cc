// SPDX-License-Identifier: Apache-2.0
// Erasure is a sequence of durable steps, each of which may be the last before a crash:
//
//   1. the row says kErasing, with reason and jobs     from here on it will be completed
//   2. the key file is deleted, its folder synced      from here on nobody can read the data
//   3. the ciphertext is deleted
//   4. one transaction: the signed record is inserted, chained to the tenant's record
//      before it, and the row says kErased
//
// Steps 2 and 3 may be repeated, and 4 happens once: taking up an erasure means doing all
// of 2 to 4. A record therefore never speaks of data that are still there.
#include "server/privacy/erasure.h"

#include <utility>

#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/sealed/sha256.h"

namespace colonnade::privacy {
namespace {

constexpr size_t kDigestBytes = 32;

// Where a tenant's chain ends.
struct Tip {
  int64_t sequence = 0;
  std::string sha256 = std::string(kDigestBytes, '\0');
};

absl::StatusOr<Tip> TipOf(store::Connection& rows, const std::string& tenant) {
  COLONNADE_ASSIGN_OR_RETURN(
      const store::Rows found,
      rows.Run("SELECT sequence, sha256 FROM erasures WHERE tenant = ? ORDER BY sequence DESC LIMIT 1", {tenant}));
  if (found.empty()) return Tip();
  return Tip{found[0].Int(0), found[0].Bytes(1)};
}

std::string Sha256Of(std::string_view bytes) {
  sealed::Sha256 digest;
  digest.Append(bytes);
  return digest.Finish();
}

}  // namespace

absl::StatusOr<ErasureInfo> Eraser::Erase(const std::string& tenant, const std::string& name, std::string_view reason,
                                          const std::vector<std::string>& jobs) {
  const std::lock_guard lock(one_at_a_time_);
  COLONNADE_ASSIGN_OR_RETURN(StoredDataset dataset, Mark(tenant, name, reason, jobs));
  if (dataset.info.erasure) return *std::move(dataset.info.erasure);
  return Complete(dataset);
}

absl::Status Eraser::CompleteAll() {
  const std::lock_guard lock(one_at_a_time_);
  COLONNADE_ASSIGN_OR_RETURN(const auto datasets,
                             ReadRows<std::vector<StoredDataset>>(world_.database, [](store::Connection& rows) {
                               return SelectDatasets(rows, "d.state = ?", {int64_t(State::kErasing)});
                             }));
  for (const StoredDataset& dataset : datasets) COLONNADE_RETURN_IF_ERROR(Complete(dataset).status());
  return absl::OkStatus();
}

absl::StatusOr<StoredDataset> Eraser::Mark(const std::string& tenant, const std::string& name, std::string_view reason,
                                           const std::vector<std::string>& jobs) {
  return WriteRows<StoredDataset>(world_.database, [&](store::Connection& rows) -> absl::StatusOr<StoredDataset> {
    COLONNADE_RETURN_IF_ERROR(rows.Run("UPDATE datasets SET state = ?, erase_reason = ?, erase_jobs = ? "
                                       "WHERE tenant = ? AND name = ? AND state = ?",
                                       {int64_t(State::kErasing), std::string(reason), JoinLines(jobs), tenant, name,
                                        int64_t(State::kStored)})
                                  .status());
    return FindDataset(rows, tenant, name);
  });
}

absl::StatusOr<ErasureInfo> Eraser::Complete(const StoredDataset& dataset) {
  COLONNADE_RETURN_IF_ERROR(world_.keys->Destroy(dataset.key_id));
  COLONNADE_RETURN_IF_ERROR(RemoveFile(world_.DataPath(dataset.file)));
  COLONNADE_ASSIGN_OR_RETURN(ErasureInfo erasure, WriteRows<ErasureInfo>(world_.database, [&](store::Connection& rows) {
                               return Record(rows, dataset);
                             }));
  world_.metrics.Count("colonnade_data_purged_bytes_total", {}, static_cast<double>(dataset.info.size_bytes));
  return erasure;
}

absl::StatusOr<ErasureInfo> Eraser::Record(store::Connection& rows, const StoredDataset& dataset) {
  const DatasetSpec& spec = dataset.info.spec;
  COLONNADE_ASSIGN_OR_RETURN(const Tip tip, TipOf(rows, spec.tenant));
  ErasureInfo erasure;
  erasure.sequence = tip.sequence + 1;
  erasure.tenant = spec.tenant;
  erasure.dataset = spec.name;
  erasure.source = spec.source;
  erasure.records = spec.records;
  erasure.time = absl::FromUnixNanos(absl::ToUnixNanos(world_.options.clock()));  // as it will be stored
  erasure.reason = dataset.erase_reason;
  erasure.ciphertext_sha256 = dataset.ciphertext_sha256;
  erasure.key_id = dataset.key_id;
  erasure.jobs = dataset.erase_jobs;
  erasure.previous_sha256 = tip.sha256;
  const std::string bytes = world_.options.erasure_bytes(erasure);
  erasure.signature = signer_.Sign(bytes);
  erasure.public_key = signer_.public_key();
  COLONNADE_RETURN_IF_ERROR(InsertErasure(rows, erasure, Sha256Of(bytes)));
  COLONNADE_RETURN_IF_ERROR(rows.Run("UPDATE datasets SET state = ?, erasure = ? WHERE tenant = ? AND name = ?",
                                     {int64_t(State::kErased), erasure.sequence, spec.tenant, spec.name})
                                .status());
  return erasure;
}

}  // namespace colonnade::privacy
