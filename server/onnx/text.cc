// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/text.h"

#include <fmt/format.h>

#include <cstdint>

#include "server/base/status.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

constexpr int32_t kMalformed = -1;

// Takes one code point off the front; kMalformed for anything but shortest-form UTF-8.
int32_t TakeCodePoint(std::string_view& text) {
  const auto lead = uint8_t(text[0]);
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (lead < 0xc2 || lead > 0xf4 || int(text.size()) < more) return kMalformed;
  int32_t point = lead & (0x3f >> more);
  for (int i = 0; i < more; ++i) {
    if ((uint8_t(text[i]) & 0xc0) != 0x80) return kMalformed;
    point = point << 6 | (uint8_t(text[i]) & 0x3f);
  }
  text.remove_prefix(more);
  const int32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least || point > 0x10ffff || surrogate ? kMalformed : point;
}

bool IsForbidden(int32_t point) {
  const bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
  const bool direction = point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
                         (point >= 0x2066 && point <= 0x2069);
  return control || direction;
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text.substr(0, 64)) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      escaped += c;
    } else {
      escaped += fmt::format("\\x{:02x}", uint8_t(c));
    }
  }
  if (text.size() > 64) escaped += "...";
  return escaped;
}

absl::Status CheckName(std::string_view name, std::string_view place) {
  if (name.empty() || int64_t(name.size()) > kMaxNameBytes) {
    return InvalidField(place, fmt::format("{} bytes; must be 1 to {}", name.size(), kMaxNameBytes));
  }
  std::string_view rest = name;
  while (!rest.empty()) {
    const int32_t point = TakeCodePoint(rest);
    if (point == kMalformed) return InvalidField(place, fmt::format("'{}' is not UTF-8", Escape(name)));
    if (IsForbidden(point)) {
      return InvalidField(place, fmt::format("'{}' holds control character U+{:04X}", Escape(name), point));
    }
  }
  return absl::OkStatus();
}

std::string DisplayName(const NodeProto& node, int index) {
  return node.name().empty() ? fmt::format("{}#{}", node.op_type(), index) : node.name();
}

std::string NodePlace(const NodeProto& node, int index) {
  return fmt::format("node '{}' ({})", DisplayName(node, index), node.op_type());
}

}  // namespace colonnade::onnx
