// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/key_ring.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/file_io.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/privacy/sweep.h"

namespace colonnade::privacy {
namespace {

using sealed::Key;

constexpr int64_t kMaxKeyFileBytes = 4096;
constexpr size_t kIdLetters = 32;

std::string TenantContext(const std::string& tenant) { return "colonnade tenant key " + tenant; }

std::string DatasetContext(const std::string& tenant, const std::string& key_id) {
  return fmt::format("colonnade data set key {} {}", key_id, tenant);
}

absl::StatusOr<Key> MakeMaster(const std::string& path) {
  const Key key = Key::Generate();
  COLONNADE_RETURN_IF_ERROR(PublishFile(path, key.bytes()));
  return key;
}

absl::StatusOr<Key> ReadMaster(const std::string& path, bool may_make) {
  const auto bytes = ReadFile(path, kMaxKeyFileBytes);
  if (absl::IsNotFound(bytes.status())) {
    if (may_make) return MakeMaster(path);
    return absl::FailedPreconditionError(
        fmt::format("'{}' is missing; without it the data sets cannot be read. Put it back", path));
  }
  COLONNADE_RETURN_IF_ERROR(bytes.status());
  auto key = Key::FromBytes(*bytes);
  if (key.ok()) return key;
  return absl::FailedPreconditionError(fmt::format("'{}' is damaged: {}", path, Message(key.status())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(const std::string& folder, bool may_make_master) {
  COLONNADE_RETURN_IF_ERROR(MakeFolder(folder + "/tenants"));
  COLONNADE_ASSIGN_OR_RETURN(const Key master, ReadMaster(fmt::format("{}/{}", folder, kMasterFile), may_make_master));
  return std::unique_ptr<KeyRing>(new KeyRing(folder, master));
}

Key KeyRing::FingerprintKey(const std::string& tenant) const {
  return Key::Derive(master_, "colonnade fingerprints " + tenant);
}

Key KeyRing::SigningSeed() const { return Key::Derive(master_, "colonnade erasure records"); }

std::string KeyRing::PathOf(const std::string& key_id) const { return fmt::format("{}/{}.key", folder_, key_id); }

absl::StatusOr<Key> KeyRing::TenantKey(const std::string& tenant) {
  const std::string id = sealed::Sha256Hex(Key::Derive(master_, "colonnade tenant file " + tenant).bytes());
  const std::string path = fmt::format("{}/tenants/{}.key", folder_, id.substr(0, kIdLetters));
  const std::lock_guard lock(tenants_);
  const auto wrapped = ReadFile(path, kMaxKeyFileBytes);
  if (wrapped.ok()) return sealed::Unwrap(*wrapped, master_, TenantContext(tenant));
  if (!absl::IsNotFound(wrapped.status())) return wrapped.status();
  const Key key = Key::Generate();
  COLONNADE_RETURN_IF_ERROR(PublishFile(path, sealed::Wrap(key, master_, TenantContext(tenant))));
  return key;
}

absl::Status KeyRing::Store(const std::string& tenant, const std::string& key_id, const Key& key) {
  COLONNADE_ASSIGN_OR_RETURN(const Key wrapping, TenantKey(tenant));
  return PublishFile(PathOf(key_id), sealed::Wrap(key, wrapping, DatasetContext(tenant, key_id)));
}

absl::StatusOr<Key> KeyRing::Load(const std::string& tenant, const std::string& key_id) {
  const auto wrapped = ReadFile(PathOf(key_id), kMaxKeyFileBytes);
  if (absl::IsNotFound(wrapped.status())) return absl::DataLossError(fmt::format("key {} is missing", key_id));
  COLONNADE_RETURN_IF_ERROR(wrapped.status());
  COLONNADE_ASSIGN_OR_RETURN(const Key wrapping, TenantKey(tenant));
  return sealed::Unwrap(*wrapped, wrapping, DatasetContext(tenant, key_id));
}

absl::Status KeyRing::Destroy(const std::string& key_id) { return RemoveFile(PathOf(key_id)); }

absl::Status KeyRing::DestroyAllBut(const std::set<std::string>& key_ids) {
  std::set<std::string> kept = {kMasterFile};
  for (const std::string& key_id : key_ids) kept.insert(key_id + ".key");
  return RemoveFilesBut(folder_, kept);
}

std::string RandomId() { return sealed::Sha256Hex(Key::Generate().bytes()).substr(0, kIdLetters); }

}  // namespace colonnade::privacy
