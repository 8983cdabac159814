// SPDX-License-Identifier: Apache-2.0
// The keys in a vault's folder:
//
//   master.key           32 random bytes, made once
//   tenants/ID.key       a tenant's key, wrapped by the master key; ID tells nothing of the name
//   KEY_ID.key           a data set's key, wrapped by its tenant's key
//
// Every file is for the owner only, and whole and durable or not there.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/sealed/key.h"

namespace colonnade::privacy {

// Thread-safe.
class KeyRing {
 public:
  static constexpr char kMasterFile[] = "master.key";

  // FAILED_PRECONDITION when the master key is damaged, or missing and not `may_make_master`.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(const std::string& folder, bool may_make_master);

  // Of a tenant's records. Derived, so that the ledger outlives every other key.
  sealed::Key FingerprintKey(const std::string& tenant) const;
  sealed::Key SigningSeed() const;

  absl::Status Store(const std::string& tenant, const std::string& key_id, const sealed::Key& key);
  // DATA_LOSS when there is none, or a damaged one.
  absl::StatusOr<sealed::Key> Load(const std::string& tenant, const std::string& key_id);
  // OK also when there is none.
  absl::Status Destroy(const std::string& key_id);
  // Destroys what was stored for data sets and is none of `key_ids`.
  absl::Status DestroyAllBut(const std::set<std::string>& key_ids);

 private:
  KeyRing(std::string folder, const sealed::Key& master) : folder_(std::move(folder)), master_(master) {}
  std::string PathOf(const std::string& key_id) const;
  absl::StatusOr<sealed::Key> TenantKey(const std::string& tenant);

  const std::string folder_;
  const sealed::Key master_;
  std::mutex tenants_;  // held while a tenant's key is read or made
};

// 32 random hexadecimal letters: names of files and keys.
std::string RandomId();

}  // namespace colonnade::privacy
