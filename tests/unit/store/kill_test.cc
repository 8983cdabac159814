// SPDX-License-Identifier: Apache-2.0
// A writer that is killed at any moment loses nothing it has acknowledged, and leaves
// no transaction half done.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/status.h"
#include "server/store/database.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::store {
namespace {

const Schema kSchema = {"numbers", {"CREATE TABLE numbers (number BIGINT NOT NULL, half INTEGER NOT NULL)"}};

absl::Status PutBothHalves(Database& database, int64_t number) {
  return database.Write([&](Connection& rows) -> absl::Status {
    COLONNADE_RETURN_IF_ERROR(rows.Run("INSERT INTO numbers VALUES (?, 1)", {number}).status());
    return rows.Run("INSERT INTO numbers VALUES (?, 2)", {number}).status();
  });
}

// Writes numbers from `next` on and tells each through the pipe once it is durable.
[[noreturn]] void WriteUntilKilled(const std::string& path, int64_t next, int acknowledgements) {
  auto database = OpenSqlite(path, {kSchema});
  for (; database.ok(); ++next) {
    if (!PutBothHalves(**database, next).ok()) break;
    if (::write(acknowledgements, &next, sizeof next) != sizeof next) break;
  }
  ::_exit(1);
}

// Kills a writer once it has acknowledged `patience` numbers; the last one it told of.
int64_t RunAndKill(const std::string& path, int64_t next, int patience) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) WriteUntilKilled(path, next, ends[1]);
  ::close(ends[1]);
  int64_t last = next - 1, number = 0;
  for (int i = 0; i < patience && ::read(ends[0], &number, sizeof number) == sizeof number; ++i) last = number;
  ::kill(child, SIGKILL);
  while (::read(ends[0], &number, sizeof number) == sizeof number) last = number;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
  return last;
}

Rows ReadTotals(const std::string& path) {
  Rows totals;
  const auto database = OpenSqlite(path, {kSchema});
  EXPECT_TRUE(database.ok()) << database.status();
  EXPECT_TRUE((*database)
                  ->Read([&](Connection& rows) -> absl::Status {
                    COLONNADE_ASSIGN_OR_RETURN(
                        totals,
                        rows.Run("SELECT COUNT(DISTINCT number), COUNT(*), COALESCE(MAX(number), 0) FROM numbers"));
                    return absl::OkStatus();
                  })
                  .ok());
  return totals;
}

TEST(KilledWriter, LosesNothingAcknowledgedAndLeavesNothingHalfDone) {
  const ScratchFolder folder;
  const std::string path = folder / "metadata.db";
  int64_t next = 1;
  for (const int patience : {1, 2, 3, 5, 8, 13, 21, 34}) {
    const int64_t acknowledged = RunAndKill(path, next, patience);
    ASSERT_GE(acknowledged, next);
    const Rows totals = ReadTotals(path);
    const int64_t newest = totals[0].Int(2);
    EXPECT_GE(newest, acknowledged);
    EXPECT_LE(newest, acknowledged + 1);      // the one that was not told of
    EXPECT_EQ(totals[0].Int(0), newest);      // none missing
    EXPECT_EQ(totals[0].Int(1), 2 * newest);  // no halves
    next = newest + 1;
  }
}

}  // namespace
}  // namespace colonnade::store
