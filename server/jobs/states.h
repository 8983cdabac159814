// SPDX-License-Identifier: Apache-2.0
// The states of a job: which may follow which, and who is still using what.
//
//   QUEUED     -> PREPARING   a runner took it
//   QUEUED     -> CANCELLED   asked for before it began
//   QUEUED     -> FAILED      its data set's retention ended first
//   PREPARING  -> RUNNING     the worker entered its first stage
//   PREPARING, RUNNING -> QUEUED      worker or daemon was lost; continues from the checkpoint
//   PREPARING, RUNNING -> FAILED, CANCELLED
//   RUNNING    -> SUCCEEDED   the artifact is published
//
// A state may follow itself (progress). Terminal states are final.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "colonnade/v1/packing.pb.h"
#include "server/store/database.h"

namespace colonnade::jobs {

bool IsFinal(v1::JobState state);

// Whether `to` may follow `from`.
bool MayFollow(v1::JobState from, v1::JobState to);

// "queued", "preparing", ...: labels of metrics, and of status.
std::string_view StateName(v1::JobState state);

// FAILED_PRECONDITION naming a job that is not in a final state and uses the tenant's
// "model" or "dataset" called `name`, in either role.
absl::Status CheckUnused(store::Connection& rows, const std::string& tenant, std::string_view type,
                         const std::string& name);

}  // namespace colonnade::jobs
