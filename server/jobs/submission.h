// SPDX-License-Identifier: Apache-2.0
// Does a job request fit together? Everything that can be known before a worker runs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"
#include "server/privacy/vault.h"
#include "server/store/database.h"

namespace colonnade::jobs {

// Names, priority, array and recipe; the job they make, without name and times, every
// recipe field set. INVALID_ARGUMENT names the field and the allowed range, UNIMPLEMENTED
// a setting that this version does not carry out.
absl::StatusOr<v1::Job> CheckRequest(const std::string& tenant, const v1::SubmitJobRequest& request);

// The job's model and data sets exist, are what their fields ask for, and fit each other.
// NOT_FOUND, FAILED_PRECONDITION (erased), INVALID_ARGUMENT (shapes, classes, labels, role).
absl::Status CheckInputs(store::Database& database, privacy::Vault& vault, const v1::Job& job);

}  // namespace colonnade::jobs
