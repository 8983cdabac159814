// SPDX-License-Identifier: Apache-2.0
// The daemon: builds its layers bottom up, serves, and takes them down in reverse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/config.h"

namespace colonnade {

// State folder:
//   lock          held while a daemon uses the folder
//   metadata.db   rows (SQLite), with its log beside it
//   blobs/        models and artifacts
//   vault/        encrypted data sets and their keys
//   work/         a folder per unfinished job
class Daemon {
 public:
  // Opens the state folder, continues its jobs and serves. FAILED_PRECONDITION when
  // another daemon uses the folder, UNAVAILABLE for an address that cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config);

  virtual ~Daemon() = default;

  // The addresses really listened on, with the ports that port 0 became; the one of the
  // metrics, if any, is last, as "http://HOST:PORT/metrics".
  virtual std::vector<std::string> addresses() const = 0;

  // Close the gate, drain for `patience`, stop. Idempotent; the destructor calls it.
  virtual void Stop(absl::Duration patience) = 0;
};

}  // namespace colonnade
