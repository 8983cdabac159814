// SPDX-License-Identifier: Apache-2.0
// The tables of the vault. `sources` and `fingerprints` are the ledger; nothing is ever
// deleted from them. Of `datasets` an erased row goes when its name is used again, of
// `erasures` none goes. Times are nanoseconds since 1970, durations nanoseconds.
#pragma once

#include "server/store/database.h"

namespace colonnade::privacy {

store::Schema TablesOfVault();

// datasets.state. The row says what has happened last: kErasing that key and ciphertext
// may be gone, kErased that they are, and that the erasure is recorded.
enum class State { kStored = 1, kErasing = 2, kErased = 3 };

}  // namespace colonnade::privacy
