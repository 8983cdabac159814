// SPDX-License-Identifier: Apache-2.0
#include "server/store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "server/base/status.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::store {
namespace {

using ::testing::HasSubstr;

const Schema kPairs = {"pairs", {"CREATE TABLE pairs (key TEXT PRIMARY KEY, value BIGINT NOT NULL)"}};

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() { Reopen(); }

  void Reopen(const std::vector<Schema>& schemas = {kPairs}) {
    database_.reset();
    auto opened = OpenSqlite(path_, schemas);
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_ = std::move(*opened);
  }
  absl::Status Run(const char* sql, const std::vector<Value>& arguments = {}) {
    return database_->Write([&](Connection& rows) { return rows.Run(sql, arguments).status(); });
  }
  absl::Status Put(const std::string& key, int64_t value) {
    return Run("INSERT INTO pairs VALUES (?, ?)", {key, value});
  }
  Rows Query(const char* sql, const std::vector<Value>& arguments = {}) {
    Rows result;
    const absl::Status status = database_->Read([&](Connection& rows) -> absl::Status {
      COLONNADE_ASSIGN_OR_RETURN(result, rows.Run(sql, arguments));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return result;
  }
  int64_t Count() { return Query("SELECT COUNT(*) FROM pairs")[0].Int(0); }

  ScratchFolder folder_;
  const std::string path_ = folder_ / "metadata.db";
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, KeepsWhatWriteReturnedOkFor) {
  ASSERT_TRUE(Put("a", 1).ok());
  Reopen();
  EXPECT_EQ(Query("SELECT value FROM pairs WHERE key = ?", {"a"})[0].Int(0), 1);
}

TEST_F(DatabaseTest, KeepsNothingOfAFailedBody) {
  const absl::Status status = database_->Write([](Connection& rows) -> absl::Status {
    COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO pairs VALUES ('a', 1)").status());
    return absl::CancelledError("changed my mind");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Count(), 0);
  Reopen();
  EXPECT_EQ(Count(), 0);
}

TEST_F(DatabaseTest, AFailedStatementUndoesTheOnesBefore) {
  ASSERT_TRUE(Put("b", 1).ok());
  const absl::Status status = database_->Write([](Connection& rows) -> absl::Status {
    COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO pairs VALUES ('a', 1)").status());
    return rows.Run("INSERT INTO pairs VALUES ('b', 2)").status();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Count(), 1);
  EXPECT_TRUE(Put("c", 3).ok());
}

TEST_F(DatabaseTest, ValuesOfEveryTypeComeBack) {
  const std::string text("zero \0 inside", 13);
  const Blob blob{std::string("\0\xff", 2)};
  const Row row = Query("SELECT ?, ?, ?, ?, ?, ?, ?",
                        {std::monostate(), int64_t{1} << 62, 0.1, text, blob, std::string(), Blob()})[0];
  EXPECT_TRUE(row.IsNull(0));
  EXPECT_EQ(row.Int(1), int64_t{1} << 62);
  EXPECT_EQ(row.Real(2), 0.1);
  EXPECT_EQ(row.Text(3), text);
  EXPECT_EQ(row.Bytes(4), blob.bytes);
  EXPECT_EQ(row.Text(5), "");
  EXPECT_EQ(row.Bytes(6), "");
}

TEST_F(DatabaseTest, CountsChangedRows) {
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(Put(key, 1).ok());
  int64_t changes = 0;
  ASSERT_TRUE(database_
                  ->Write([&](Connection& rows) {
                    const absl::Status status = rows.Run("UPDATE pairs SET value = 2 WHERE key <> ?", {"b"}).status();
                    changes = rows.changes();
                    return status;
                  })
                  .ok());
  EXPECT_EQ(changes, 2);
}

TEST_F(DatabaseTest, ReadCannotChangeAnything) {
  for (int repetition = 0; repetition < 2; ++repetition) {
    const absl::Status status =
        database_->Read([](Connection& rows) { return rows.Run("INSERT INTO pairs VALUES ('a', 1)").status(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(Count(), 0);
  }
  EXPECT_TRUE(Put("a", 1).ok());
}

TEST_F(DatabaseTest, BrokenConstraintsAndStatementsAreTold) {
  ASSERT_TRUE(Put("a", 1).ok());
  EXPECT_EQ(Put("a", 2).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Run("INSERT INTO pairs VALUES ('b', NULL)").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Run("SELECT nonsense").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Run("SELECT ?").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Run("SELECT 1; SELECT 2").code(), absl::StatusCode::kInternal);
}

TEST_F(DatabaseTest, ErrorsDoNotRepeatTheStatement) {
  ASSERT_TRUE(Put("a", 1).ok());
  for (const char* sql : {"INSERT INTO pairs VALUES ('a', 2) /* secret */", "SELECT nonsense /* secret */",
                          "SELECT ? /* secret */", "SELECT 1; SELECT 2 /* secret */"}) {
    const absl::Status status = Run(sql);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(Message(status).find("secret"), std::string::npos) << status;
  }
}

TEST_F(DatabaseTest, AFullDiskIsTold) {
  Query("PRAGMA max_page_count = 20");
  const std::string large(10'000'000, 'x');
  EXPECT_EQ(Put(large, 1).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(Put("small", 1).ok());
}

TEST_F(DatabaseTest, MoreStatementsThanAreKeptPreparedRun) {
  for (int i = 0; i < 600; ++i) {
    EXPECT_EQ(Query(("SELECT " + std::to_string(i)).c_str())[0].Int(0), i);
  }
}

TEST_F(DatabaseTest, IsConfiguredForDurabilityAndDistrust) {
  ASSERT_TRUE(database_
                  ->Write([](Connection& rows) -> absl::Status {
                    COLONNADE_ASSIGN_OR_RETURN(const Rows mode, rows.Run("PRAGMA journal_mode"));
                    EXPECT_EQ(mode[0].Text(0), "wal");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(Query("PRAGMA synchronous")[0].Int(0), 2);
  EXPECT_EQ(Query("PRAGMA secure_delete")[0].Int(0), 1);
  EXPECT_EQ(Query("PRAGMA trusted_schema")[0].Int(0), 0);
  EXPECT_EQ(Query("PRAGMA foreign_keys")[0].Int(0), 1);
  EXPECT_FALSE(Run("UPDATE sqlite_master SET sql = ''").ok());
}

TEST_F(DatabaseTest, FilesAreForTheOwnerOnly) {
  ASSERT_TRUE(Put("a", 1).ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat info = {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(DatabaseTest, ThreadsTakeTurns) {
  ASSERT_TRUE(Put("sum", 0).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) EXPECT_TRUE(Run("UPDATE pairs SET value = value + 1 WHERE key = 'sum'").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Query("SELECT value FROM pairs")[0].Int(0), 100);
}

TEST_F(DatabaseTest, SchemasAreBroughtUpToDateOnce) {
  ASSERT_TRUE(Put("a", 1).ok());
  Schema second = kPairs;
  second.steps.push_back("ALTER TABLE pairs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'");
  for (int repetition = 0; repetition < 2; ++repetition) {
    Reopen({second});
    EXPECT_EQ(Query("SELECT note FROM pairs")[0].Text(0), "none");
  }
}

TEST_F(DatabaseTest, OwnersHaveVersionsOfTheirOwn) {
  Reopen({kPairs, {"other", {"CREATE TABLE other (x INTEGER)", "CREATE TABLE another (x INTEGER)"}}});
  const Rows versions = Query("SELECT owner, version FROM schema_versions ORDER BY owner");
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].Int(1), 2);
  EXPECT_EQ(versions[1].Int(1), 1);
}

TEST_F(DatabaseTest, AFailedUpgradeChangesNothing) {
  ASSERT_TRUE(Put("a", 1).ok());
  Schema broken = kPairs;
  broken.steps.insert(broken.steps.end(), {"DELETE FROM pairs", "nonsense"});
  database_.reset();
  EXPECT_FALSE(OpenSqlite(path_, {broken}).ok());
  Reopen();
  EXPECT_EQ(Count(), 1);
}

TEST_F(DatabaseTest, ANewerSchemaIsRefused) {
  ASSERT_TRUE(Run("UPDATE schema_versions SET version = 9").ok());
  database_.reset();
  const absl::Status status = OpenSqlite(path_, {kPairs}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("the tables of 'pairs' have version 9; this build knows versions up to 1"));
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  const std::string other = folder_ / "notes.txt";
  const std::string bytes(5000, 'n');
  SetFileBytes(other, bytes);
  EXPECT_EQ(OpenSqlite(other, {kPairs}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FileBytes(other), bytes);
}

TEST_F(DatabaseTest, ADamagedDatabaseIsRefused) {
  database_.reset();
  std::string bytes = FileBytes(path_);
  bytes.replace(100, 1000, std::string(1000, '\x5a'));  // the page of the schema
  SetFileBytes(path_, bytes);
  EXPECT_EQ(OpenSqlite(path_, {kPairs}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatabaseTest, AFolderThatIsMissingIsTold) {
  EXPECT_EQ(OpenSqlite(folder_ / "none/metadata.db", {}).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace colonnade::store
