// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/schema.h"

namespace colonnade::jobs {

// Messages of the contract are kept whole, as bytes; columns exist for what is searched.
store::Schema TablesOfJobs() {
  return {"jobs",
          {
              R"(CREATE TABLE models (
                   tenant TEXT NOT NULL,
                   name TEXT NOT NULL,
                   sha256 TEXT NOT NULL,
                   model BYTEA NOT NULL,
                   PRIMARY KEY (tenant, name)))",
              R"(CREATE TABLE jobs (
                   number INTEGER PRIMARY KEY,
                   name TEXT NOT NULL UNIQUE,
                   tenant TEXT NOT NULL,
                   state INTEGER NOT NULL,
                   priority INTEGER NOT NULL,
                   model TEXT NOT NULL,
                   dataset TEXT NOT NULL,
                   evaluation TEXT NOT NULL,
                   artifact TEXT NOT NULL,
                   reserved_version INTEGER NOT NULL,
                   losses INTEGER NOT NULL,
                   cancel_asked INTEGER NOT NULL,
                   job BYTEA NOT NULL))",
              "CREATE INDEX jobs_by_state ON jobs (state, priority)",
              R"(CREATE TABLE events (
                   job TEXT NOT NULL,
                   sequence INTEGER NOT NULL,
                   event BYTEA NOT NULL,
                   PRIMARY KEY (job, sequence)))",
              R"(CREATE TABLE artifacts (
                   tenant TEXT NOT NULL,
                   name TEXT NOT NULL,
                   version INTEGER NOT NULL,
                   sha256 TEXT NOT NULL,
                   artifact BYTEA NOT NULL,
                   PRIMARY KEY (tenant, name, version)))",
              R"(CREATE TABLE artifact_names (
                   tenant TEXT NOT NULL,
                   name TEXT NOT NULL,
                   last_version INTEGER NOT NULL,
                   PRIMARY KEY (tenant, name)))",
              R"(CREATE TABLE requests (
                   tenant TEXT NOT NULL,
                   request_id TEXT NOT NULL,
                   method TEXT NOT NULL,
                   digest TEXT NOT NULL,
                   resource TEXT NOT NULL,
                   seconds INTEGER NOT NULL,
                   PRIMARY KEY (tenant, request_id)))",
          }};
}

}  // namespace colonnade::jobs
