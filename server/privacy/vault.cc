// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/vault.h"

#include <fmt/format.h>

#include <cassert>
#include <set>
#include <utility>

#include "server/base/error_details.h"
#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/privacy/erasure.h"
#include "server/privacy/existing.h"
#include "server/privacy/ledger.h"
#include "server/privacy/rows.h"
#include "server/privacy/schema.h"
#include "server/privacy/sweep.h"
#include "server/privacy/upload.h"
#include "server/privacy/world.h"

namespace colonnade::privacy {
namespace {

using store::Connection;

std::vector<DatasetInfo> InfosOf(std::vector<StoredDataset> datasets) {
  std::vector<DatasetInfo> infos;
  for (StoredDataset& dataset : datasets) infos.push_back(std::move(dataset.info));
  return infos;
}

absl::Status CheckReadable(const StoredDataset& dataset, Role role) {
  const DatasetSpec& spec = dataset.info.spec;
  if (dataset.state != State::kStored) {
    return absl::FailedPreconditionError(fmt::format("dataset '{}' is erased; upload it again", spec.name));
  }
  if (spec.role == role) return absl::OkStatus();
  return absl::FailedPreconditionError(
      role == Role::kTrain ? fmt::format("dataset '{}' has role evaluation; nothing is trained with it", spec.name)
                           : fmt::format("dataset '{}' has role train; it cannot serve as evaluation data", spec.name));
}

class FileVault final : public Vault {
 public:
  FileVault(store::Database& database, Metrics& metrics, VaultOptions options, std::unique_ptr<KeyRing> keys)
      : world_{database, metrics, std::move(options), std::move(keys)}, eraser_(world_) {}

  // What Open() does beyond the keys, in this order.
  absl::Status Prepare() {
    COLONNADE_RETURN_IF_ERROR(CheckMasterKey());
    COLONNADE_RETURN_IF_ERROR(MakeFolder(world_.DataFolder()));
    COLONNADE_RETURN_IF_ERROR(eraser_.CompleteAll());
    return RemoveWhatNoRowNames();
  }

  absl::StatusOr<std::unique_ptr<Upload>> Begin(const DatasetSpec& spec) override { return BeginUpload(world_, spec); }

  absl::StatusOr<std::optional<DatasetInfo>> Existing(const DatasetSpec& spec) override {
    COLONNADE_ASSIGN_OR_RETURN(
        auto found, Read<std::optional<StoredDataset>>([&](Connection& rows) { return FindExisting(rows, spec); }));
    if (!found) return std::nullopt;
    return std::move(found->info);
  }

  absl::StatusOr<DatasetInfo> Get(const std::string& tenant, const std::string& name) override {
    COLONNADE_ASSIGN_OR_RETURN(auto found,
                               Read<StoredDataset>([&](Connection& rows) { return FindDataset(rows, tenant, name); }));
    return std::move(found.info);
  }

  absl::StatusOr<std::vector<DatasetInfo>> List(const std::string& tenant, const std::string& after,
                                                int limit) override {
    return ReadDatasets("d.tenant = ? AND d.name > ?", {tenant, after}, limit);
  }

  absl::StatusOr<SourceInfo> GetSource(const std::string& tenant, const std::string& name) override {
    COLONNADE_ASSIGN_OR_RETURN(
        auto source, Read<std::optional<Source>>([&](Connection& rows) { return FindSource(rows, tenant, name); }));
    if (!source) return MissingResource("source", name);
    return std::move(source->info);
  }

  absl::StatusOr<std::vector<SourceInfo>> ListSources(const std::string& tenant, const std::string& after,
                                                      int limit) override {
    COLONNADE_ASSIGN_OR_RETURN(auto sources, Read<std::vector<Source>>([&](Connection& rows) {
                                 return SelectSources(rows, tenant, after, limit);
                               }));
    std::vector<SourceInfo> infos;
    for (Source& source : sources) infos.push_back(std::move(source.info));
    return infos;
  }

  absl::StatusOr<std::vector<ErasureInfo>> ListErasures(const std::string& tenant, int64_t from, int limit) override {
    return Read<std::vector<ErasureInfo>>([&](Connection& rows) { return SelectErasures(rows, tenant, from, limit); });
  }

  absl::StatusOr<OpenDataset> OpenForJob(const std::string& tenant, const std::string& name, Role role) override {
    COLONNADE_ASSIGN_OR_RETURN(StoredDataset dataset,
                               Read<StoredDataset>([&](Connection& rows) -> absl::StatusOr<StoredDataset> {
                                 COLONNADE_ASSIGN_OR_RETURN(StoredDataset found, FindDataset(rows, tenant, name));
                                 COLONNADE_RETURN_IF_ERROR(CheckReadable(found, role));
                                 COLONNADE_RETURN_IF_ERROR(CheckCeiling(rows, found.source));
                                 return found;
                               }));
    const auto key = world_.keys->Load(tenant, dataset.key_id);
    if (!key.ok()) return Annotate(key.status(), fmt::format("dataset '{}'", name));
    return OpenDataset{std::move(dataset.info), world_.DataPath(dataset.file), *key,
                       DataContext(tenant, name, dataset.key_id)};
  }

  absl::StatusOr<ErasureInfo> Erase(const std::string& tenant, const std::string& name, std::string_view reason,
                                    const std::vector<std::string>& jobs) override {
    return eraser_.Erase(tenant, name, reason, jobs);
  }

  absl::StatusOr<std::vector<DatasetInfo>> Overdue() override {
    return ReadDatasets("d.state <> ? AND d.erase_time <= ?",
                        {int64_t(State::kErased), absl::ToUnixNanos(world_.options.clock())}, kNoLimit);
  }

 private:
  template <typename T, typename Function>
  absl::StatusOr<T> Read(Function&& read) {
    return ReadRows<T>(world_.database, std::forward<Function>(read));
  }

  absl::StatusOr<std::vector<DatasetInfo>> ReadDatasets(std::string_view condition,
                                                        const std::vector<store::Value>& arguments, int64_t limit) {
    COLONNADE_ASSIGN_OR_RETURN(auto datasets, Read<std::vector<StoredDataset>>([&](Connection& rows) {
                                 return SelectDatasets(rows, condition, arguments, limit);
                               }));
    return InfosOf(std::move(datasets));
  }

  // Database and master key belong together: with another one, records that were counted
  // would count again.
  absl::Status CheckMasterKey() {
    return world_.database.Write([&](Connection& rows) -> absl::Status {
      COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run("SELECT public_key FROM vault"));
      if (found.empty()) {
        return rows.Run("INSERT INTO vault (id, public_key) VALUES (1, ?)", {store::Blob{eraser_.public_key()}})
            .status();
      }
      if (found[0].Bytes(0) == eraser_.public_key()) return absl::OkStatus();
      return absl::FailedPreconditionError(fmt::format(
          "the master key in '{}/keys' is not the one that this database was used with", world_.options.folder));
    });
  }

  absl::Status RemoveWhatNoRowNames() {
    COLONNADE_ASSIGN_OR_RETURN(const auto stored, Read<std::vector<StoredDataset>>([](Connection& rows) {
                                 return SelectDatasets(rows, "d.state = ?", {int64_t(State::kStored)});
                               }));
    std::set<std::string> files, key_ids;
    for (const StoredDataset& dataset : stored) {
      files.insert(dataset.file);
      key_ids.insert(dataset.key_id);
    }
    COLONNADE_RETURN_IF_ERROR(world_.keys->DestroyAllBut(key_ids));
    return RemoveFilesBut(world_.DataFolder(), files);
  }

  World world_;
  Eraser eraser_;
};

// True until the vault has been opened for the first time.
absl::StatusOr<bool> IsNew(store::Database& database) {
  return ReadRows<bool>(database, [](Connection& rows) -> absl::StatusOr<bool> {
    COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run("SELECT id FROM vault"));
    return found.empty();
  });
}

// A database that knows nothing, beside a vault that was used, would have everything in it
// deleted and its records counted anew. The master key alone is left of a first start that
// was cut off.
absl::Status CheckUnused(const std::string& folder) {
  constexpr std::pair<const char*, const char*> kTraces[] = {
      {"/data", ".sealed"}, {"/keys", ".key"}, {"/keys/tenants", ".key"}};
  for (const auto& [name, extension] : kTraces) {
    COLONNADE_ASSIGN_OR_RETURN(const bool used, HoldsAny(folder + name, extension, KeyRing::kMasterFile));
    if (!used) continue;
    return absl::FailedPreconditionError(
        fmt::format("'{}': the database of this vault is missing; put it back or empty the folder", folder));
  }
  return absl::OkStatus();
}

}  // namespace

store::Schema Vault::schema() { return TablesOfVault(); }

absl::StatusOr<std::unique_ptr<Vault>> Vault::Open(store::Database& database, Metrics& metrics, VaultOptions options) {
  assert(options.erasure_bytes && options.ceiling > 0 && options.ceiling <= 1);
  COLONNADE_ASSIGN_OR_RETURN(const bool is_new, IsNew(database));
  if (is_new) COLONNADE_RETURN_IF_ERROR(CheckUnused(options.folder));
  COLONNADE_ASSIGN_OR_RETURN(auto keys, KeyRing::Open(options.folder + "/keys", is_new));
  auto vault = std::make_unique<FileVault>(database, metrics, std::move(options), std::move(keys));
  COLONNADE_RETURN_IF_ERROR(vault->Prepare());
  return vault;
}

}  // namespace colonnade::privacy
