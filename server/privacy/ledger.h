// SPDX-License-Identifier: Apache-2.0
// The data budget: sources and the distinct records that were seen of them. Everything
// here runs inside the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/privacy/record_reader.h"
#include "server/privacy/vault.h"
#include "server/store/database.h"

namespace colonnade::privacy {

struct Source {
  int64_t id = 0;
  SourceInfo info;
};

// Most distinct training records of a source: `fraction` of `samples`, rounded down.
int64_t CeilingOf(double fraction, int64_t samples);

// By name, after `after` (exclusive).
absl::StatusOr<std::vector<Source>> SelectSources(store::Connection& rows, const std::string& tenant,
                                                  const std::string& after, int64_t limit);
absl::StatusOr<std::optional<Source>> FindSource(store::Connection& rows, const std::string& tenant,
                                                 const std::string& name);

// FAILED_PRECONDITION when the source was registered with another number of samples.
absl::Status CheckSamples(const SourceInfo& source, int64_t samples);

// The source that `spec` names, registered now if it is new. Errors of CheckSamples().
absl::StatusOr<Source> RegisterSource(store::Connection& rows, const DatasetSpec& spec, double ceiling_fraction,
                                      absl::Time now);

// Charges the records that the source has not seen yet. RESOURCE_EXHAUSTED beyond the
// ceiling, FAILED_PRECONDITION when the tenant has used any of them in the other role.
absl::Status Charge(store::Connection& rows, const Source& source, Role role,
                    const std::vector<RecordFingerprint>& records);

// Counts the source's training records anew: RESOURCE_EXHAUSTED when they are more than its
// ceiling.
absl::Status CheckCeiling(store::Connection& rows, int64_t source_id);

}  // namespace colonnade::privacy
