// SPDX-License-Identifier: Apache-2.0
// A first look at protobuf bytes without allocating anything for them.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace colonnade::onnx {

// Walks the nested messages of an ONNX ModelProto iteratively, so that a file of
// many tiny fields (which protobuf would blow up a hundredfold) or of deep nesting
// is refused before it is parsed. INVALID_ARGUMENT for bytes that end inside a
// field or nest too deep, RESOURCE_EXHAUSTED above kMaxWireFields or
// kMaxVarintBytes. OK promises nothing else: protobuf still parses and checks.
absl::Status ScanWire(std::string_view bytes);

}  // namespace colonnade::onnx
