// SPDX-License-Identifier: Apache-2.0
// What the parts of a vault share. Lives as long as the vault.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "server/base/metrics.h"
#include "server/privacy/key_ring.h"
#include "server/privacy/vault.h"
#include "server/store/database.h"

namespace colonnade::privacy {

struct World {
  store::Database& database;
  Metrics& metrics;
  VaultOptions options;
  std::unique_ptr<KeyRing> keys;

  std::string DataFolder() const { return options.folder + "/data"; }
  std::string DataPath(const std::string& file) const { return fmt::format("{}/{}", DataFolder(), file); }
};

// What the ciphertext of a data set is bound to.
inline std::string DataContext(const std::string& tenant, const std::string& name, const std::string& key_id) {
  return fmt::format("colonnade data set {} {} {}", tenant, name, key_id);
}

}  // namespace colonnade::privacy
