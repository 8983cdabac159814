// SPDX-License-Identifier: Apache-2.0
// Names in messages. Everything a model brings along is checked or escaped before
// it reaches a message, so that no log line can be forged by a file.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

// Printable ASCII: other bytes as \xNN, at most 64 bytes of the text.
std::string Escape(std::string_view text);

// 1 to kMaxNameBytes bytes of UTF-8 without control characters (U+0000 to U+001F,
// U+007F to U+009F) and bidirectional marks. `place` starts the message.
absl::Status CheckName(std::string_view name, std::string_view place);

// The node's name, or "OpType#index" where it has none. REQUIRES: names checked.
std::string DisplayName(const NodeProto& node, int index);

// "node 'conv1' (Conv)", how messages start. REQUIRES: names checked.
std::string NodePlace(const NodeProto& node, int index);

}  // namespace colonnade::onnx
