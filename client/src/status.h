// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/status.h>

#include "colonnade/result.h"

namespace colonnade::client {

// The same code and message, with what google.rpc details say. Details that cannot be
// read are left out.
Status FromGrpc(const grpc::Status& status);

// For answers to a model's bytes: adds the reason "MODEL_REFUSED" to an error that is
// about the model and not about the call.
Status MarkRefusedModel(const Status& status);

}  // namespace colonnade::client
