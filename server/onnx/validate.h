// SPDX-License-Identifier: Apache-2.0
// Our own check of a parsed model, before anything is computed from it.
#pragma once

#include "absl/status/status.h"
#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

// Structure of the whole model: opset and domains, counts, names (length, UTF-8,
// no control characters), each tensor (ValidateTensor), attribute types, single
// assignment, inputs defined before use (which rules out cycles), exactly one
// image input and one output. Linear in the size of the model; nothing recursive.
// INVALID_ARGUMENT or UNIMPLEMENTED with the place and field.
absl::Status ValidateModel(const ModelProto& model);

// Version of the default domain. REQUIRES: ValidateModel() passed.
int Opset(const ModelProto& model);

// The graph's image input: the only one without an initializer. REQUIRES as above.
const ValueInfoProto& ImageInput(const GraphProto& graph);

}  // namespace colonnade::onnx
