// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/sweep_blobs.h"

#include <set>
#include <string>

#include "server/jobs/rows.h"

namespace colonnade::jobs {

absl::Status SweepBlobs(store::Database& database, store::Blobs& blobs) {
  COLONNADE_ASSIGN_OR_RETURN(const auto rows, ReadRows<store::Rows>(database, [](store::Connection& connection) {
                               return connection.Run("SELECT sha256 FROM models UNION SELECT sha256 FROM artifacts");
                             }));
  std::set<std::string> named;
  for (const store::Row& row : rows) named.insert(row.Text(0));
  if (named.empty()) return absl::OkStatus();
  COLONNADE_ASSIGN_OR_RETURN(const auto digests, blobs.List());
  for (const std::string& digest : digests) {
    if (!named.count(digest)) COLONNADE_RETURN_IF_ERROR(blobs.Remove(digest));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::jobs
