// SPDX-License-Identifier: Apache-2.0
// Erasing a data set, in steps that may be cut off and taken up again.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/privacy/rows.h"
#include "server/privacy/vault.h"
#include "server/privacy/world.h"
#include "server/sealed/signer.h"

namespace colonnade::privacy {

// Thread-safe. `world` must outlive it.
class Eraser {
 public:
  explicit Eraser(World& world) : world_(world), signer_(world.keys->SigningSeed()) {}

  const std::string& public_key() const { return signer_.public_key(); }

  // As Vault::Erase().
  absl::StatusOr<ErasureInfo> Erase(const std::string& tenant, const std::string& name, std::string_view reason,
                                    const std::vector<std::string>& jobs);

  // Every erasure that was cut off.
  absl::Status CompleteAll();

 private:
  absl::StatusOr<StoredDataset> Mark(const std::string& tenant, const std::string& name, std::string_view reason,
                                     const std::vector<std::string>& jobs);
  absl::StatusOr<ErasureInfo> Complete(const StoredDataset& dataset);
  absl::StatusOr<ErasureInfo> Record(store::Connection& rows, const StoredDataset& dataset);

  World& world_;
  const sealed::Signer signer_;
  std::mutex one_at_a_time_;
};

}  // namespace colonnade::privacy
