// SPDX-License-Identifier: Apache-2.0
// The one place where the core's errors become gRPC's.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace colonnade::rpc {

// The same code and message. The details attached to `status` (base/error_details.h)
// travel as google.rpc.Status in grpc-status-details-bin:
//
//   field                   BadRequest
//   resource                ResourceInfo
//   quota                   QuotaFailure
//   retry                   RetryInfo
//   always                  ErrorInfo, domain "colonnade", reason as ReasonOf()
grpc::Status ToGrpc(const absl::Status& status);

// A stable word for programs, from code and details: "INVALID_FIELD",
// "MODEL_NOT_FOUND", "DATA_BUDGET_EXCEEDED", "OVERLOADED"; else the code's name.
std::string ReasonOf(const absl::Status& status);

}  // namespace colonnade::rpc
