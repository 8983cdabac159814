// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_code.h"

namespace colonnade::cli {

using client::Code;

namespace {

ExitCode OfExhausted(const client::Status& status) {
  if (status.reason() == "DATA_BUDGET_EXCEEDED" || !status.details().quota.empty()) return kNotAllowed;
  return status.retry_delay() ? kUnavailable : kFailed;
}

}  // namespace

ExitCode ExitCodeOf(const client::Status& status) {
  if (status.reason() == "MODEL_REFUSED") return kModelRefused;
  switch (status.code()) {
    case Code::kOk: return kOk;
    case Code::kInvalidArgument:
    case Code::kOutOfRange: return kUsage;
    case Code::kNotFound: return kNotFound;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
    case Code::kFailedPrecondition: return kNotAllowed;
    case Code::kResourceExhausted: return OfExhausted(status);
    case Code::kUnavailable:
    case Code::kDeadlineExceeded: return kUnavailable;
    default: return kFailed;
  }
}

}  // namespace colonnade::cli
