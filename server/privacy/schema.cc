// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/schema.h"

namespace colonnade::privacy {

store::Schema TablesOfVault() {
  return {"privacy",
          {
              // One row: the public key of the master key that everything else belongs to.
              "CREATE TABLE vault (id INTEGER PRIMARY KEY, public_key BYTEA NOT NULL)",
              R"(CREATE TABLE sources (
                   id INTEGER PRIMARY KEY,
                   tenant TEXT NOT NULL,
                   name TEXT NOT NULL,
                   samples BIGINT NOT NULL,
                   ceiling BIGINT NOT NULL,
                   used BIGINT NOT NULL,
                   evaluation_records BIGINT NOT NULL,
                   create_time BIGINT NOT NULL,
                   UNIQUE (tenant, name)))",
              // Fingerprints of different tenants have different keys and never meet.
              R"(CREATE TABLE fingerprints (
                   fingerprint BYTEA NOT NULL,
                   source INTEGER NOT NULL REFERENCES sources (id),
                   role INTEGER NOT NULL,
                   PRIMARY KEY (fingerprint, source)))",
              R"(CREATE TABLE erasures (
                   tenant TEXT NOT NULL,
                   sequence BIGINT NOT NULL,
                   dataset TEXT NOT NULL,
                   source TEXT NOT NULL,
                   records BIGINT NOT NULL,
                   time BIGINT NOT NULL,
                   reason TEXT NOT NULL,
                   ciphertext_sha256 TEXT NOT NULL,
                   key_id TEXT NOT NULL,
                   jobs TEXT NOT NULL,
                   previous_sha256 BYTEA NOT NULL,
                   signature BYTEA NOT NULL,
                   public_key BYTEA NOT NULL,
                   sha256 BYTEA NOT NULL,
                   PRIMARY KEY (tenant, sequence)))",
              R"(CREATE TABLE datasets (
                   tenant TEXT NOT NULL,
                   name TEXT NOT NULL,
                   source INTEGER NOT NULL REFERENCES sources (id),
                   request_id TEXT NOT NULL,
                   role INTEGER NOT NULL,
                   channels INTEGER NOT NULL,
                   height INTEGER NOT NULL,
                   width INTEGER NOT NULL,
                   mean TEXT NOT NULL,
                   deviation TEXT NOT NULL,
                   classes INTEGER NOT NULL,
                   records BIGINT NOT NULL,
                   sha256 TEXT NOT NULL,
                   retain BIGINT,
                   keep_after_jobs INTEGER NOT NULL,
                   create_time BIGINT NOT NULL,
                   distinct_records BIGINT NOT NULL,
                   labelled INTEGER NOT NULL,
                   size_bytes BIGINT NOT NULL,
                   erase_time BIGINT,
                   state INTEGER NOT NULL,
                   file TEXT NOT NULL,
                   key_id TEXT NOT NULL,
                   ciphertext_sha256 TEXT NOT NULL,
                   erase_reason TEXT NOT NULL,
                   erase_jobs TEXT NOT NULL,
                   erasure BIGINT,
                   PRIMARY KEY (tenant, name)))",
              "CREATE INDEX datasets_by_request ON datasets (tenant, request_id)",
              "CREATE INDEX datasets_by_state ON datasets (state)",
          }};
}

}  // namespace colonnade::privacy
