// SPDX-License-Identifier: Apache-2.0
// Rows of `datasets` and `erasures` as structs, and back.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/status.h"
#include "server/privacy/schema.h"
#include "server/privacy/vault.h"
#include "server/store/database.h"
#include "server/store/transact.h"

namespace colonnade::privacy {

// A data set and what only the vault knows of it.
struct StoredDataset {
  DatasetInfo info;
  State state = State::kStored;
  int64_t source = 0;  // sources.id
  std::string file, key_id, ciphertext_sha256;
  // Of the erasure that is going on.
  std::string erase_reason;
  std::vector<std::string> erase_jobs;
};

// Values of a row, column after column.
class Columns {
 public:
  explicit Columns(const store::Row& row) : row_(row) {}
  int64_t Int() { return row_.Int(next_++); }
  const std::string& Text() { return row_.Text(next_++); }
  const std::string& Bytes() { return row_.Bytes(next_++); }
  std::optional<int64_t> OptionalInt() {
    const size_t column = next_++;
    if (row_.IsNull(column)) return std::nullopt;
    return row_.Int(column);
  }

 private:
  const store::Row& row_;
  size_t next_ = 0;
};

inline constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// In the order of tenants and names. `condition` is over the columns of `datasets` (d) and
// `sources` (s).
absl::StatusOr<std::vector<StoredDataset>> SelectDatasets(store::Connection& rows, std::string_view condition,
                                                          std::vector<store::Value> arguments,
                                                          int64_t limit = kNoLimit);
// NOT_FOUND when the tenant has none of that name.
absl::StatusOr<StoredDataset> FindDataset(store::Connection& rows, const std::string& tenant, const std::string& name);
absl::Status InsertDataset(store::Connection& rows, const StoredDataset& dataset);

// Oldest first, from sequence number `from` on.
absl::StatusOr<std::vector<ErasureInfo>> SelectErasures(store::Connection& rows, const std::string& tenant,
                                                        int64_t from, int64_t limit);
// `sha256`: 32 raw bytes, of the bytes that are signed.
absl::Status InsertErasure(store::Connection& rows, const ErasureInfo& erasure, const std::string& sha256);

std::string JoinLines(const std::vector<std::string>& lines);

using store::ReadRows;
using store::WriteRows;

}  // namespace colonnade::privacy
