// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/status.h>

#include "colonnade/result.h"

namespace colonnade::client {

// The same code and message, with what google.rpc details say. Details that cannot be
// read are left out.
Status FromGrpc(const grpc::Status& status);

}  // namespace colonnade::client
