// SPDX-License-Identifier: Apache-2.0
// Open Inference Protocol messages to and from serving/'s plain types. Checks what
// the protocol demands of a message in itself; whether it fits the model is
// serving/validate.h's business.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "inference/inference.pb.h"
#include "server/serving/inference_engine.h"

namespace colonnade::rpc {

// Empty: none (the newest). INVALID_ARGUMENT unless a decimal integer >= 0.
absl::StatusOr<std::optional<int64_t>> ParseVersion(std::string_view text);

struct DecodedInference {
  serving::InferenceRequest request;  // its bytes point into the message or `converted`
  bool typed_output = false;
  std::list<std::string> converted;   // values whose wire form is not the raw one
};

// Everything but tenant and deadline. The result must not outlive `message`.
// INVALID_ARGUMENT for: a version that is no integer; an unknown parameter, or one
// of the wrong type (the protocol's reserved ones are checked and ignored); raw and
// typed contents together, neither, or raw entries not one per input; typed
// contents in another field than the datatype's. UNIMPLEMENTED for shared memory and
// classification.
absl::StatusOr<DecodedInference> Decode(const inference::ModelInferRequest& message);

// The answer: id and name echoed, the version used, logits as raw contents or, when
// `typed`, in fp32_contents, "executor" and "array_cycles" as parameters.
void Encode(const inference::ModelInferRequest& message, const serving::InferenceResult& result, bool typed,
            inference::ModelInferResponse& response);

// Fills everything but `versions`.
void EncodeMetadata(const serving::ModelInfo& info, inference::ModelMetadataResponse& response);

}  // namespace colonnade::rpc
