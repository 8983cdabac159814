// SPDX-License-Identifier: Apache-2.0
// Data sets, the sources they come from, the data budget, and proofs of erasure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/common.h"

namespace colonnade::client {

enum class Role {
  kUnknown = 0,
  kTrain = 1,       // retraining and calibration; counts against the data budget
  kEvaluation = 2,  // one aggregate accuracy at the end of a job; not limited
};
const char* Word(Role role);  // "train", "evaluation"

// The collection that samples come from. Its size is declared once, by the first
// upload, and never changes.
struct Source {
  std::string name, tenant;
  int64_t samples = 0;             // in the whole collection
  int64_t ceiling = 0;             // most distinct training records the tenant may use
  int64_t used = 0;                // distinct training records seen so far; never decreases
  int64_t evaluation_records = 0;  // distinct evaluation records seen so far
  double ceiling_fraction = 0;     // ceiling / samples
  Time create_time;
};

// Proof that a data set is gone: signed with Ed25519, chained to the tenant's record
// before it.
struct ErasureRecord {
  int64_t sequence = 0;  // 1, 2, 3, ... per tenant
  std::string dataset, source;
  int64_t records = 0;
  Time erase_time;
  std::string reason;             // "requested", "jobs_finished" or "retention"
  std::string ciphertext_sha256;  // of what was deleted
  std::string key_id;             // of the key that was destroyed
  std::vector<std::string> jobs;
  // Bytes: digest of the record before (32), signature (64), public key (32).
  std::string previous_sha256, signature, public_key;
};

enum class DatasetState {
  kUnknown = 0,
  kStored = 1,  // records are stored, encrypted
  kErased = 2,  // records and key are gone; the entry remains
};
const char* Word(DatasetState state);  // "stored", "erased"

struct Dataset {
  std::string name, tenant;
  Time create_time;
  Role role = Role::kUnknown;
  std::string source;
  Shape shape;
  Normalization normalization;
  int64_t records = 0, distinct_records = 0;
  int classes = 0;  // 0: no record has a label
  bool labelled = false;
  int64_t size_bytes = 0;
  DatasetState state = DatasetState::kUnknown;
  std::optional<Time> erase_time;  // at the latest; absent when no retention was asked for
  Source source_usage;             // the source when this was answered
  std::optional<ErasureRecord> erasure;
};

// How records are to be stored. Everything without a default is REQUIRED.
struct DatasetOptions {
  std::string name = {};
  Role role = Role::kTrain;
  std::string source = {};
  int64_t source_samples = 0;  // samples in the whole source, 1 to 10^12
  Normalization normalization = {};
  int classes = 0;  // labels are below it, at most 65536; 0: as the records say
  // Erase this long after the upload at the latest; 1 minute to 10 years.
  std::optional<std::chrono::seconds> retain = {};
  bool keep_after_jobs = false;  // until `retain` or a request. REQUIRES retain
  std::string request_id = {};   // see client.h; empty: a random one
};

}  // namespace colonnade::client
