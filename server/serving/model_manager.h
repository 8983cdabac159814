// SPDX-License-Identifier: Apache-2.0
// Which artifact a request means, and whether it is in memory.
//
// The catalog says what exists, and is asked for each request: an artifact can be
// served from the moment it is published and is gone from the moment it is
// deleted. Models load on first use and stay until others need their place, the
// longest unused one first. Requests that hold a model finish with it whatever
// happens here meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "server/serving/model.h"

namespace colonnade::serving {

// A published artifact.
struct CatalogEntry {
  std::string name;
  int64_t version = 0;
  std::string path;  // of the artifact file
};

// Thread-safe; answers in microseconds.
class Catalog {
 public:
  virtual ~Catalog() = default;

  // Versions of an artifact, newest first; empty when there is none of this name.
  virtual absl::StatusOr<std::vector<CatalogEntry>> Versions(std::string_view tenant, std::string_view name) = 0;
};

struct ModelReference {
  std::string tenant;
  std::string name;
  std::optional<int64_t> version;  // absent: the newest
};

using SharedModel = std::shared_ptr<const Model>;
using Loader = std::function<absl::StatusOr<SharedModel>(const CatalogEntry& entry)>;

// Thread-safe. Loading one model does not hold up requests for others; requests
// for the same one wait for its single load.
class ModelManager {
 public:
  // Keeps at most `limit` >= 1 models loaded. `catalog` must outlive the manager.
  ModelManager(Catalog& catalog, Loader loader, int limit)
      : catalog_(catalog), loader_(std::move(loader)), limit_(size_t(limit)) {}

  // The model, loaded. NOT_FOUND "Request for unknown model: ..." when there is none
  // of this name or version; a failed load keeps its code, with "failed to load" in the
  // message, and is tried again by the next request.
  absl::StatusOr<SharedModel> Get(const ModelReference& reference);

  // Published versions, newest first. NOT_FOUND as above.
  absl::StatusOr<std::vector<int64_t>> Versions(std::string_view tenant, std::string_view name);

  // Models in memory.
  size_t loaded() const;

 private:
  // Tenant, name, version and path: a version number may be used again after a deletion.
  using Key = std::tuple<std::string, std::string, int64_t, std::string>;
  struct Slot {
    std::shared_future<absl::StatusOr<SharedModel>> model;
    uint64_t last_use = 0;
  };

  absl::StatusOr<SharedModel> GetOrLoad(const Key& key, const CatalogEntry& entry);
  void MakeRoom(const Key& newest);
  void Forget(const Key& key);

  Catalog& catalog_;
  const Loader loader_;
  const size_t limit_;
  mutable std::mutex mutex_;
  std::map<Key, Slot> slots_;
  uint64_t uses_ = 0;
};

}  // namespace colonnade::serving
