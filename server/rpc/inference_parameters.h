// SPDX-License-Identifier: Apache-2.0
// The parameters of inference messages: which exist, and of which type.
#pragma once

#include <google/protobuf/map.h>

#include <string>

#include "absl/status/status.h"
#include "inference/inference.pb.h"

namespace colonnade::rpc {

using Parameters = google::protobuf::Map<std::string, inference::InferParameter>;

struct RequestParameters {
  std::string executor;       // empty: the default
  bool typed_output = false;
};

// Parameters of the request as a whole: ours and the protocol's reserved ones.
// INVALID_ARGUMENT names the key.
absl::Status ReadRequestParameters(const Parameters& parameters, RequestParameters& out);

// Parameters of one input or output: none is known. UNIMPLEMENTED for the protocol's
// shared memory and classification, INVALID_ARGUMENT for others.
absl::Status CheckTensorParameters(std::string_view tensor, const Parameters& parameters);

}  // namespace colonnade::rpc
