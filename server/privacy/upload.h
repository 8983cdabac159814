// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/privacy/vault.h"
#include "server/privacy/world.h"

namespace colonnade::privacy {

// The upload behind Vault::Begin(). `world` must outlive it.
absl::StatusOr<std::unique_ptr<Upload>> BeginUpload(World& world, const DatasetSpec& spec);

}  // namespace colonnade::privacy
