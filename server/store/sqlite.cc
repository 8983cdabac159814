// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "server/base/status.h"
#include "server/store/database.h"
#include "server/store/sqlite_connection.h"

namespace colonnade::store {
namespace {

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}

  absl::Status Write(const Body& body) override {
    const std::lock_guard lock(mutex_);
    return connection_->Transact("BEGIN IMMEDIATE", true, body);
  }

  absl::Status Read(const Body& body) override {
    const std::lock_guard lock(mutex_);
    return connection_->Transact("BEGIN", false, body);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<SqliteConnection> connection_;
};

absl::StatusOr<int64_t> VersionOf(Connection& rows, const std::string& owner) {
  COLONNADE_ASSIGN_OR_RETURN(const Rows found,
                             rows.Run("SELECT version FROM schema_versions WHERE owner = ?", {owner}));
  if (!found.empty()) return found[0].Int(0);
  COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO schema_versions (owner, version) VALUES (?, 0)", {owner}).status());
  return 0;
}

absl::Status Upgrade(Connection& rows, const Schema& schema) {
  COLONNADE_ASSIGN_OR_RETURN(int64_t version, VersionOf(rows, schema.owner));
  const auto newest = static_cast<int64_t>(schema.steps.size());
  if (version > newest) {
    return absl::FailedPreconditionError(
        fmt::format("the tables of '{}' have version {}; this build knows versions up to {}: it is too old",
                    schema.owner, version, newest));
  }
  for (; version < newest; ++version) COLONNADE_RETURN_IF_ERROR(rows.Run(schema.steps[size_t(version)]).status());
  return rows.Run("UPDATE schema_versions SET version = ? WHERE owner = ?", {newest, schema.owner}).status();
}

absl::Status UpgradeAll(Connection& rows, const std::vector<Schema>& schemas) {
  COLONNADE_RETURN_IF_ERROR(
      rows.Run("CREATE TABLE IF NOT EXISTS schema_versions (owner TEXT PRIMARY KEY, version INTEGER NOT NULL)")
          .status());
  for (const Schema& schema : schemas) COLONNADE_RETURN_IF_ERROR(Upgrade(rows, schema));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const std::string& path, const std::vector<Schema>& schemas) {
  COLONNADE_ASSIGN_OR_RETURN(auto connection, SqliteConnection::Open(path));
  auto database = std::make_unique<SqliteDatabase>(std::move(connection));
  const absl::Status status = database->Write([&](Connection& rows) { return UpgradeAll(rows, schemas); });
  if (!status.ok()) return Annotate(status, fmt::format("'{}'", path));
  return database;
}

}  // namespace colonnade::store
