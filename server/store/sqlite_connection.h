// SPDX-License-Identifier: Apache-2.0
// Inside this folder only: one SQLite connection with its prepared statements, and
// SQLite's codes as statuses.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/database.h"

namespace colonnade::store {

// Not thread-safe.
class SqliteConnection final : public Connection {
 public:
  // Makes the file, for its owner only, when there is none. FAILED_PRECONDITION when it is
  // no database.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path);

  absl::StatusOr<Rows> Run(const char* sql, const std::vector<Value>& arguments = {}) override;
  int64_t changes() const override;

  // BEGIN..., body, and COMMIT when the body returns OK, else ROLLBACK.
  absl::Status Transact(const char* begin, bool may_change, const Database::Body& body);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  absl::Status Configure();
  absl::StatusOr<sqlite3_stmt*> Prepare(const char* sql);
  absl::Status Bind(sqlite3_stmt* statement, const std::vector<Value>& arguments);
  absl::StatusOr<Rows> Step(sqlite3_stmt* statement);
  // The latest error; never with the statement, which may be long and is nobody's business.
  absl::Status Failure() const;

  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string, Statement, std::less<>> statements_;  // by their text; finalized first
  bool may_change_ = true;
};

}  // namespace colonnade::store
