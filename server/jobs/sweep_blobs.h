// SPDX-License-Identifier: Apache-2.0
// What a crash between a file and its row leaves behind.
#pragma once

#include "absl/status/status.h"
#include "server/store/blobs.h"
#include "server/store/database.h"

namespace colonnade::jobs {

// Removes the blobs that no model and no artifact names; none when there is no model and
// no artifact at all, for then the database may be the wrong one. To be called before anything is
// stored, at start.
absl::Status SweepBlobs(store::Database& database, store::Blobs& blobs);

}  // namespace colonnade::jobs
