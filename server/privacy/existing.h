// SPDX-License-Identifier: Apache-2.0
// What an upload meets: the data sets that have its name or request id already.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/privacy/rows.h"
#include "server/privacy/vault.h"
#include "server/store/database.h"

namespace colonnade::privacy {

// As Vault::Existing(), inside the caller's transaction.
absl::StatusOr<std::optional<StoredDataset>> FindExisting(store::Connection& rows, const DatasetSpec& spec);

}  // namespace colonnade::privacy
