// SPDX-License-Identifier: Apache-2.0
// How a helper says that it failed.
#pragma once

#include "colonnade/worker/v1/worker.pb.h"
#include "server/base/status.h"

namespace colonnade::jobs {

// A code that is none becomes UNKNOWN: helpers are trusted to be of the same build, not
// to be sane.
inline absl::Status ToStatus(const worker::v1::Outcome& outcome) {
  if (outcome.code() == 0) return absl::OkStatus();
  const bool known = outcome.code() > 0 && outcome.code() <= int(absl::StatusCode::kUnauthenticated);
  const auto code = known ? absl::StatusCode(outcome.code()) : absl::StatusCode::kUnknown;
  if (outcome.field().empty() || code != absl::StatusCode::kInvalidArgument) return {code, outcome.message()};
  const std::string prefix = outcome.field() + ": ";
  const bool prefixed = outcome.message().rfind(prefix, 0) == 0;
  return InvalidField(outcome.field(), prefixed ? outcome.message().substr(prefix.size()) : outcome.message());
}

}  // namespace colonnade::jobs
