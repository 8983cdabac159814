// SPDX-License-Identifier: Apache-2.0
// The metadata of the daemon: rows, in transactions that are durable when they
// return. SQL here is the common subset of SQLite and PostgreSQL; each folder that
// keeps rows owns its tables and passes its schema to Open().
//
//   database->Write([&](store::Connection& rows) {
//     return rows.Run("INSERT INTO jobs (name, tenant) VALUES (?, ?)", {name, tenant}).status();
//   });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade::store {

// Bytes as opposed to text.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// NULL, integer, real, text or bytes.
using Value = std::variant<std::monostate, int64_t, double, std::string, Blob>;

// One result row. Asking for another type than the column holds is a bug.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool IsNull(size_t column) const { return std::holds_alternative<std::monostate>(values_[column]); }
  int64_t Int(size_t column) const { return std::get<int64_t>(values_[column]); }
  double Real(size_t column) const { return std::get<double>(values_[column]); }
  const std::string& Text(size_t column) const { return std::get<std::string>(values_[column]); }
  const std::string& Bytes(size_t column) const { return std::get<Blob>(values_[column]).bytes; }

 private:
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

// Runs statements inside a transaction; valid only during the call it is passed to.
class Connection {
 public:
  virtual ~Connection() = default;
  // One statement with ? placeholders. ALREADY_EXISTS when it breaks a uniqueness
  // constraint, RESOURCE_EXHAUSTED when the disk is full, INTERNAL otherwise.
  virtual absl::StatusOr<Rows> Run(const char* sql, const std::vector<Value>& arguments = {}) = 0;
  // Rows that the last INSERT, UPDATE or DELETE changed.
  virtual int64_t changes() const = 0;
};

// Thread-safe; transactions run one at a time. Calls must not be nested.
class Database {
 public:
  virtual ~Database() = default;

  using Body = std::function<absl::Status(Connection& rows)>;

  // Runs `body` as one transaction: when OK is returned all of it has reached the disk,
  // otherwise none of it has happened.
  virtual absl::Status Write(const Body& body) = 0;

  // Runs `body` on one consistent state. It must not change anything.
  virtual absl::Status Read(const Body& body) = 0;
};

// Statements that make an owner's tables, by version: the n-th entry leads from version
// n to n + 1 and is never edited once released.
struct Schema {
  std::string owner;
  std::vector<const char*> steps;
};

// Opens or makes the SQLite file at `path` (WAL, synchronous=FULL, secure_delete,
// defensive, trusted_schema off, foreign_keys on) and brings each schema up to date.
// FAILED_PRECONDITION when the file was written by a newer build or is no database.
absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const std::string& path, const std::vector<Schema>& schemas);

}  // namespace colonnade::store
