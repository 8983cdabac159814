// SPDX-License-Identifier: Apache-2.0
// A Model made from an artifact file.
#pragma once

#include "absl/status/statusor.h"
#include "server/executors/shared_device.h"
#include "server/serving/model_manager.h"

namespace colonnade::serving {

// Reads and checks the artifact, makes every executor there is and runs the self-tests
// on each; on those of `devices` when they run it for the first time. The model answers with
// the entry's name and version. Errors of artifact::ReadArtifact; DATA_LOSS when a self-test
// fails.
absl::StatusOr<SharedModel> LoadArtifact(const CatalogEntry& entry, const executors::Devices& devices = {});

}  // namespace colonnade::serving
