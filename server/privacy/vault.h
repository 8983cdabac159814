// SPDX-License-Identifier: Apache-2.0
// Customer data at rest: sources and their data budget, encrypted data sets, erasure.
//
// Budget. A source's number of samples is declared by the first upload that names it
// and never changes; so is its ceiling, a fraction of it. The ledger counts distinct
// records per (tenant, source) by keyed fingerprint: role kTrain against the ceiling,
// role kEvaluation without limit. A fingerprint covers the pixels and not the label:
// relabelling a record does not make it another one. A record is never in both roles,
// under whatever source names of a tenant, and also after one of them was erased. It is
// charged in the transaction that commits the upload, and never given back.
//
// Keys. keys/master.key wraps a key per tenant (keys/tenants/), which wraps a key per data
// set (keys/KEY_ID.key); the keys of fingerprints and signatures are derived from the
// master key. Whoever loses the master key has lost every data set. Data sets are
// data/ID.sealed. No name of a tenant or data set becomes a path.
//
// Erasure. The wrapped key of a data set is a small file of its own (never in the
// database, whose log and backups would keep it). Erasing destroys that file first, then
// the ciphertext, then writes a signed record, chained to the tenant's record before
// it. An erasure that was cut off is completed by the next Open(). The name of an erased
// data set may be used again, by any content: the new entry takes its place, and the
// erasure record stays in the chain.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/metrics.h"
#include "server/nn/network.h"
#include "server/sealed/key.h"
#include "server/store/database.h"

namespace colonnade::privacy {

enum class Role { kTrain = 1, kEvaluation = 2 };  // values as DataRole of the contract

struct SourceInfo {
  std::string name, tenant;
  int64_t samples = 0;             // in the whole collection
  int64_t ceiling = 0;             // most distinct training records
  int64_t used = 0;                // distinct training records so far
  int64_t evaluation_records = 0;  // distinct evaluation records so far
  absl::Time create_time;
};

// What an upload says of itself. Ranges are those of datasets.proto and checked there.
struct DatasetSpec {
  std::string tenant, name, source;
  std::string request_id;  // or empty
  Role role = Role::kTrain;
  int64_t source_samples = 0;
  nn::Shape shape;
  std::vector<double> mean, deviation;  // one value per channel or one for all
  int classes = 0;                      // labels are below it; 0: records have none
  int64_t records = 0;
  std::string sha256;  // of the record bytes, lower-case hexadecimal
  std::optional<absl::Duration> retain;
  bool keep_after_jobs = false;

  friend bool operator==(const DatasetSpec&, const DatasetSpec&) = default;
};

struct ErasureInfo {
  int64_t sequence = 0;  // 1, 2, 3, ... per tenant
  std::string tenant, dataset, source;
  int64_t records = 0;
  absl::Time time;
  std::string reason;  // "requested", "jobs_finished" or "retention"
  std::string ciphertext_sha256, key_id;
  std::vector<std::string> jobs;
  std::string previous_sha256;        // 32 bytes, raw; zeros for the first
  std::string signature, public_key;  // raw
};

struct DatasetInfo {
  DatasetSpec spec;
  absl::Time create_time;
  int64_t distinct_records = 0;
  bool labelled = false;   // at least one record has a label
  int64_t size_bytes = 0;  // of records
  std::optional<absl::Time> erase_time;
  std::optional<ErasureInfo> erasure;  // set when erased
  bool erased() const { return erasure.has_value(); }
};

// What a job needs to read a data set. Holds the secret.
struct OpenDataset {
  DatasetInfo info;
  std::string path;
  sealed::Key key;
  std::string context;
};

// The bytes an erasure's signature covers and the next record's previous_sha256 hashes:
// computed from the fields above by the caller of the vault, who owns the wire form.
using ErasureBytes = std::string (*)(const ErasureInfo& erasure);

// An upload in progress; dropped without Commit() it leaves nothing. Not thread-safe. Must
// not outlive its vault. After an error it can only be dropped.
class Upload {
 public:
  virtual ~Upload() = default;
  // Record bytes in order, in pieces of any size. INVALID_ARGUMENT names the record (from 0)
  // whose label is out of range, or says that there are more records than announced.
  virtual absl::Status Append(std::string_view bytes) = 0;
  // Checks count and digest, then charges the budget and stores the data set in one step.
  // RESOURCE_EXHAUSTED (with quota details "source:NAME") when the ceiling does not allow
  // it, naming used, asked and ceiling; FAILED_PRECONDITION when the source has another
  // size, or a record is also present in the other role. An equal data set that was stored
  // meanwhile is returned in its place. After an error nothing of the upload is left.
  virtual absl::StatusOr<DatasetInfo> Commit() = 0;
};

struct VaultOptions {
  std::string folder;    // data/ and keys/ are made in it
  double ceiling = 0.1;  // of sources registered from now on
  ErasureBytes erasure_bytes = nullptr;
  Clock clock = SystemClock();
};

// Thread-safe. Whatever belongs to another tenant is NOT_FOUND.
class Vault {
 public:
  // Tables of the vault, for OpenSqlite().
  static store::Schema schema();

  // Makes or reads the master key, removes uploads that were cut off, completes erasures
  // that were. FAILED_PRECONDITION, with nothing deleted, when the master key is missing or
  // is not the one that `database` was used with before, or when `database` is new and the
  // folder is not. `database` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<Vault>> Open(store::Database& database, Metrics& metrics, VaultOptions options);
  virtual ~Vault() = default;

  // Refuses what can be refused before the bytes come: the name is in use
  // (ALREADY_EXISTS; unless by the same content: see Existing), the source has another size.
  virtual absl::StatusOr<std::unique_ptr<Upload>> Begin(const DatasetSpec& spec) = 0;

  // The stored data set that an equal upload (same fields but request_id, same sha256) made
  // before; absent when there is none. The upload with the same request id is returned also
  // when its data set is erased by now. ALREADY_EXISTS when name or request id belong to
  // another one, or the data set of that name is just being erased.
  virtual absl::StatusOr<std::optional<DatasetInfo>> Existing(const DatasetSpec& spec) = 0;

  virtual absl::StatusOr<DatasetInfo> Get(const std::string& tenant, const std::string& name) = 0;
  // By name, after `after` (exclusive), at most `limit`.
  virtual absl::StatusOr<std::vector<DatasetInfo>> List(const std::string& tenant, const std::string& after,
                                                        int limit) = 0;
  virtual absl::StatusOr<SourceInfo> GetSource(const std::string& tenant, const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<SourceInfo>> ListSources(const std::string& tenant, const std::string& after,
                                                              int limit) = 0;
  // From sequence number `from` on.
  virtual absl::StatusOr<std::vector<ErasureInfo>> ListErasures(const std::string& tenant, int64_t from, int limit) = 0;

  // For a job that starts. Checks role and budget again: FAILED_PRECONDITION when the data
  // set is erased or has another role, RESOURCE_EXHAUSTED when the source is over its ceiling.
  virtual absl::StatusOr<OpenDataset> OpenForJob(const std::string& tenant, const std::string& name, Role role) = 0;

  // Destroys key and ciphertext; `jobs` have used it. Idempotent: what is erased stays as its
  // record says. After an error call it again; the first call's reason and jobs hold.
  virtual absl::StatusOr<ErasureInfo> Erase(const std::string& tenant, const std::string& name, std::string_view reason,
                                            const std::vector<std::string>& jobs) = 0;

  // Data sets whose erase_time has come and that are not erased.
  virtual absl::StatusOr<std::vector<DatasetInfo>> Overdue() = 0;
};

}  // namespace colonnade::privacy
