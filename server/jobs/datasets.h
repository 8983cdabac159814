// SPDX-License-Identifier: Apache-2.0
// The vault (privacy/vault.h) in the contract's messages, and what jobs mean for it: a
// data set in use is not erased, one that has served its jobs is.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "server/jobs/backend.h"
#include "server/privacy/vault.h"

namespace colonnade::jobs {

// The bytes that an erasure's signature covers: v1::ErasureRecord without signature and
// public_key, serialized deterministically.
std::string ErasureBytes(const privacy::ErasureInfo& erasure);

// Keeps erasures and new references to data sets apart. Held to insert a job that names
// data sets; to look whether they are in use and erase them; to end a job and erase what
// it used, so that whoever sees the end and uploads again comes after the erasure.
using ReferenceLock = std::recursive_mutex;

// Thread-safe. What is passed in must outlive it.
class Datasets final : public DatasetBackend {
 public:
  Datasets(store::Database& database, privacy::Vault& vault, ReferenceLock& references)
      : database_(database), vault_(vault), references_(references) {}

  absl::Status Push(const std::string& tenant, const v1::PushDatasetRequest::Header& header, const Feed& feed,
                    v1::Dataset& response) override;
  absl::Status Get(const std::string& tenant, const v1::GetDatasetRequest& request, v1::Dataset& response) override;
  absl::Status List(const std::string& tenant, const v1::ListDatasetsRequest& request,
                    v1::ListDatasetsResponse& response) override;
  absl::Status Delete(const std::string& tenant, const v1::DeleteDatasetRequest& request,
                      v1::DeleteDatasetResponse& response) override;
  absl::Status GetSource(const std::string& tenant, const v1::GetSourceRequest& request, v1::Source& response) override;
  absl::Status ListSources(const std::string& tenant, const v1::ListSourcesRequest& request,
                           v1::ListSourcesResponse& response) override;
  absl::Status ListErasures(const std::string& tenant, const v1::ListErasuresRequest& request,
                            v1::ListErasuresResponse& response) override;

  // Erases the data set unless it is kept, in use, erased, or has served no job yet.
  absl::Status EraseIfServed(const std::string& tenant, const std::string& name);

  // EraseIfServed for all: what a crash may have left undone.
  absl::Status EraseAllServed();

 private:
  absl::Status Answer(const privacy::DatasetInfo& info, v1::Dataset& response);
  absl::Status EraseUnlessUsed(const privacy::DatasetInfo& info);

  store::Database& database_;
  privacy::Vault& vault_;
  ReferenceLock& references_;
};

// Names of the jobs, of any state, that the data set was given to. (Earlier ones may have
// used an erased data set of the same name.)
absl::StatusOr<std::vector<std::string>> JobsOfDataset(store::Database& database, const privacy::DatasetInfo& dataset);

}  // namespace colonnade::jobs
