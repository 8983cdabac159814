// SPDX-License-Identifier: Apache-2.0
#include "server/serving/model_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/error_details.h"
#include "server/base/status.h"

namespace colonnade::serving {
namespace {

// Clients look for these first words.
absl::Status UnknownModel(std::string_view name) {
  return WithResource(
      absl::NotFoundError(fmt::format("Request for unknown model: '{}' has no published artifact", name)), "artifact",
      name);
}

absl::Status UnknownVersion(std::string_view name, int64_t version, int64_t newest) {
  return WithResource(
      absl::NotFoundError(
          fmt::format("Request for unknown model: '{}' has no version {}; the newest is {}", name, version, newest)),
      "artifact", name);
}

}  // namespace

absl::StatusOr<SharedModel> ModelManager::Get(const ModelReference& reference) {
  COLONNADE_ASSIGN_OR_RETURN(const auto entries, catalog_.Versions(reference.tenant, reference.name));
  if (entries.empty()) return UnknownModel(reference.name);
  const auto wanted = std::find_if(entries.begin(), entries.end(), [&](const CatalogEntry& entry) {
    return !reference.version || entry.version == *reference.version;
  });
  if (wanted == entries.end()) return UnknownVersion(reference.name, *reference.version, entries.front().version);
  return GetOrLoad({reference.tenant, reference.name, wanted->version, wanted->path}, *wanted);
}

absl::StatusOr<std::vector<int64_t>> ModelManager::Versions(std::string_view tenant, std::string_view name) {
  COLONNADE_ASSIGN_OR_RETURN(const auto entries, catalog_.Versions(tenant, name));
  if (entries.empty()) return UnknownModel(name);
  std::vector<int64_t> versions;
  for (const CatalogEntry& entry : entries) versions.push_back(entry.version);
  return versions;
}

size_t ModelManager::loaded() const {
  std::lock_guard lock(mutex_);
  return slots_.size();
}

absl::StatusOr<SharedModel> ModelManager::GetOrLoad(const Key& key, const CatalogEntry& entry) {
  std::promise<absl::StatusOr<SharedModel>> loading;
  std::shared_future<absl::StatusOr<SharedModel>> model;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[key];
    first = !slot.model.valid();
    if (first) slot.model = loading.get_future().share();
    slot.last_use = ++uses_;
    model = slot.model;
    if (first) MakeRoom(key);
  }
  if (!first) return model.get();
  absl::StatusOr<SharedModel> loaded = loader_(entry);
  if (!loaded.ok()) {
    loaded = Annotate(loaded.status(), fmt::format("model '{}' version {} failed to load", entry.name, entry.version));
    Forget(key);
  }
  loading.set_value(loaded);
  return loaded;
}

void ModelManager::MakeRoom(const Key& newest) {
  while (slots_.size() > limit_) {
    auto oldest = slots_.end();
    for (auto slot = slots_.begin(); slot != slots_.end(); ++slot) {
      if (slot->first == newest) continue;
      if (oldest == slots_.end() || slot->second.last_use < oldest->second.last_use) oldest = slot;
    }
    slots_.erase(oldest);
  }
}

void ModelManager::Forget(const Key& key) {
  std::lock_guard lock(mutex_);
  slots_.erase(key);
}

}  // namespace colonnade::serving
