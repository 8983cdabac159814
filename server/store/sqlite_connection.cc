// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "server/base/file_io.h"
#include "server/base/status.h"

namespace colonnade::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;
constexpr size_t kMaxStatements = 256;

// secure_delete overwrites deleted rows, trusted_schema and DEFENSIVE keep a manipulated
// file from doing more than hold wrong data.
constexpr const char* kPragmas[] = {
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",   "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",  "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON",
};

// SQLite would make the file readable for others; its log and index take over its mode.
absl::Status MakePrivateFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return SystemError("open", path);
  if (::fchmod(file.get(), 0600) != 0) return SystemError("set the mode of", path);
  return SyncFolderOf(path);
}

absl::Status StatusOfCode(int extended_code, const std::string& message) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return absl::AlreadyExistsError(message);
    case SQLITE_FULL: return absl::ResourceExhaustedError(message);
    default: return absl::InternalError(message);
  }
}

int BindValue(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, index, *real);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Blob>(&value)) {
    return sqlite3_bind_blob64(statement, index, blob->bytes.data(), blob->bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

Value ColumnValue(sqlite3_stmt* statement, int column) {
  const auto bytes = [&](const void* data) {
    return std::string(static_cast<const char*>(data), data ? size_t(sqlite3_column_bytes(statement, column)) : 0);
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: return bytes(sqlite3_column_text(statement, column));
    case SQLITE_BLOB: return Blob{bytes(sqlite3_column_blob(statement, column))};
    default: return std::monostate();
  }
}

// Makes the statement ready for its next use, whatever happened.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path) {
  COLONNADE_RETURN_IF_ERROR(MakePrivateFile(path));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code != SQLITE_OK) return absl::InternalError(fmt::format("cannot open '{}': {}", path, sqlite3_errstr(code)));
  const absl::Status status = connection->Configure();
  const int failure = sqlite3_errcode(handle);
  if (!status.ok() && (failure == SQLITE_NOTADB || failure == SQLITE_CORRUPT)) {
    return absl::FailedPreconditionError(fmt::format("'{}' is no database, or a damaged one", path));
  }
  COLONNADE_RETURN_IF_ERROR(Annotate(status, path));
  return connection;
}

absl::Status SqliteConnection::Configure() {
  sqlite3* handle = handle_.get();
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  for (const char* pragma : kPragmas) COLONNADE_RETURN_IF_ERROR(Run(pragma).status());
  COLONNADE_ASSIGN_OR_RETURN(const Rows mode, Run("PRAGMA journal_mode"));
  if (mode[0].Text(0) != "wal") return absl::InternalError("the file system does not support write-ahead logging");
  return Run("SELECT COUNT(*) FROM sqlite_master").status();  // reads the file for the first time
}

absl::StatusOr<Rows> SqliteConnection::Run(const char* sql, const std::vector<Value>& arguments) {
  COLONNADE_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql));
  if (!may_change_ && sqlite3_stmt_readonly(statement) == 0) {
    return absl::InternalError("database: Read() must not change anything");
  }
  const Reset reset(statement);
  COLONNADE_RETURN_IF_ERROR(Bind(statement, arguments));
  return Step(statement);
}

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepare(const char* sql) {
  const auto found = statements_.find(std::string_view(sql));
  if (found != statements_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  Statement owned(statement);
  if (code != SQLITE_OK) return Failure();
  if (!statement || *rest != '\0') return absl::InternalError("database: not exactly one statement");
  if (statements_.size() >= kMaxStatements) statements_.clear();
  statements_.emplace(sql, std::move(owned));
  return statement;
}

absl::Status SqliteConnection::Bind(sqlite3_stmt* statement, const std::vector<Value>& arguments) {
  const int places = sqlite3_bind_parameter_count(statement);
  if (size_t(places) != arguments.size()) {
    return absl::InternalError(fmt::format("database: {} arguments for {} places", arguments.size(), places));
  }
  for (int i = 0; i < places; ++i) {
    if (BindValue(statement, i + 1, arguments[size_t(i)]) != SQLITE_OK) return Failure();
  }
  return absl::OkStatus();
}

absl::StatusOr<Rows> SqliteConnection::Step(sqlite3_stmt* statement) {
  Rows rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<Value> values;
    const int columns = sqlite3_column_count(statement);
    values.reserve(size_t(columns));
    for (int column = 0; column < columns; ++column) values.push_back(ColumnValue(statement, column));
    rows.emplace_back(std::move(values));
  }
  if (code != SQLITE_DONE) return Failure();
  return rows;
}

int64_t SqliteConnection::changes() const { return sqlite3_changes64(handle_.get()); }

absl::Status SqliteConnection::Transact(const char* begin, bool may_change, const Database::Body& body) {
  COLONNADE_RETURN_IF_ERROR(Run(begin).status());
  may_change_ = may_change;
  absl::Status status = body(*this);
  may_change_ = true;
  if (status.ok()) status = Run("COMMIT").status();
  // Some failures, a full disk among them, have rolled back already.
  if (sqlite3_get_autocommit(handle_.get()) == 0) {
    const absl::Status undone = Run("ROLLBACK").status();
    if (status.ok()) status = undone;
  }
  return status;
}

absl::Status SqliteConnection::Failure() const {
  return StatusOfCode(sqlite3_extended_errcode(handle_.get()),
                      fmt::format("database: {}", sqlite3_errmsg(handle_.get())));
}

}  // namespace colonnade::store
